/**
 * What specs and weights are limited to, whoever reads them. No useful network comes near, and what a file asks for stays
 * small enough to be refused before it costs memory or time.
 */

/** Layers of a network. */
export const MOST_LAYERS = 64;
/** Channels that a convolution puts out, */
export const MOST_CHANNELS = 1024;
/** and that pixel layers may make of them. */
export const MOST_SHUFFLED = 65_536;
/** How many times smaller than the picture a layer may put out, in height and in width. */
export const MOST_SHRINK = 64;
/** Distance in pixels between the taps of a window. */
export const MOST_DILATION = 4;
/** Height, width and channels of a picture, and units of a dense layer. */
export const MOST_SIZE = 2 ** 20;
/** The value that white has inside a network: from its reciprocal to this. */
export const MOST_WHITE = 1e5;
/** The magnitude of a weight, a bias or a scale. */
export const MOST_WEIGHT = 1e9;
/** The epochs of a training: no training comes near, and its steps can be counted exactly. */
export const MOST_EPOCHS = 1e9;
/** The characters of a name that a file holds, such as that of a recipe. */
export const MOST_NAME = 2 ** 16;
/** The bytes of a model file before its weights. */
export const MOST_HEADER = 2 ** 20;
/** The tensors of a file: more than a checkpoint of the most layers has. */
export const MOST_TENSORS = 1024;
