/** What is said of the layers of a network of convolutions: rows of layers that work at one scale, each with words and formulas. */
import { isConvolution, type LayerShape, layerShapes, type Spec, sourceOf } from "../src/network/spec.ts";

export interface WayRow {
  readonly title: string;
  readonly words: string;
  /** As HTML. */
  readonly formulas: readonly string[];
  /** Each with its number, from 1 on. */
  readonly layers: readonly { readonly number: number; readonly layer: LayerShape }[];
}

const sizes: Readonly<Record<number, string>> = {
  1: "Full size",
  2: "Half size",
  4: "A quarter",
  8: "An eighth",
};

const words = {
  alone:
    "A window of a few pixels slides over the picture, and each channel is bright where the picture has what the channel looks for. The next layer looks at these channels in the same way.",
  first:
    "A window of 3×3 pixels slides over the picture, and each channel is bright where the picture has what the channel looks for: an edge, a colour, a speck. The next layer looks at these channels in the same way.",
  down: "Each square of 2×2 pixels becomes one place with four times as many channels, and these are mixed to fewer. The same small windows now see twice as far: larger shapes, and coarser noise.",
  lowest:
    "This is as small as the picture gets, and a window sees farthest here. It shows whether a blotch is noise or belongs to something larger.",
  up: "The channels are spread out to squares of 2×2 pixels again, and what came out at this size on the way down is added. So the fine detail comes back that the smaller picture could not hold.",
} as const;

/** What is said of the result. */
export function endInWords({ residual = false }: Spec): string {
  const what = residual
    ? "What the last layer puts out is the noise: it is subtracted from the part, value by value."
    : "The last layer puts out the denoised part: the noise is what it left out.";
  return `${what} The noise is shown four times as strong around grey; where you see the picture’s own lines in it, detail was lost.`;
}

const v = (name: string, index = "") => `<i>${name}</i>${index && `<sub>${index}</sub>`}`;
const formulas = {
  conv: (bias: boolean, isRectified: boolean) => {
    const sum = `Σ<sub><i>c</i>,<i>d</i></sub> ${v("w", "<i>k</i>,<i>c</i>")}(<i>d</i>) · ${v("x", "<i>c</i>")}(<i>p</i> + <i>d</i>)`;
    const whole = bias ? `${v("b", "<i>k</i>")} + ${sum}` : sum;
    return `${v("y", "<i>k</i>")}(<i>p</i>) = ${isRectified ? `max(0, ${whole})` : whole}`;
  },
  mix: `${v("y", "<i>k</i>")}(<i>p</i>) = Σ<sub><i>c</i></sub> ${v("w", "<i>k</i>,<i>c</i>")} · ${v("x", "<i>c</i>")}(<i>p</i>)`,
  apart: `${v("y", "4<i>c</i>+2<i>i</i>+<i>j</i>")}(<i>p</i>) = ${v("x", "<i>c</i>")}(2<i>p</i> + (<i>i</i>, <i>j</i>))`,
  together: `${v("y", "<i>c</i>")}(2<i>p</i> + (<i>i</i>, <i>j</i>)) = ${v("x", "4<i>c</i>+2<i>i</i>+<i>j</i>")}(<i>p</i>)`,
  sum: (from: number) => `<i>y</i> = <i>x</i> + <i>y</i> of layer ${from}`,
};

/** The rows of a network in the order of its layers: a new one begins where the size changes. */
export function wayRows(spec: Spec): WayRow[] {
  const shapes = layerShapes(spec).map((layer, index) => ({ number: index + 1, layer }));
  const groups: (typeof shapes)[] = [];
  for (const one of shapes) {
    const row = groups.at(-1);
    if (row && row[0]!.layer.shrink === one.layer.shrink) row.push(one);
    else groups.push([one]);
  }
  const scales = groups.map(([first]) => first!.layer.shrink);
  return groups.map((layers, index) => {
    const shrink = scales[index]!;
    const kind = kindOf(scales, index);
    const way = {
      down: ", on the way down",
      lowest: ": the smallest",
      up: shrink === 1 ? " again" : ", on the way up",
    };
    return {
      title: `${sizes[shrink] ?? `One ${shrink}th`}${way[kind as keyof typeof way] ?? ""}`,
      words: words[kind],
      formulas: formulasOf(layers.map(({ layer }) => layer)),
      layers,
    };
  });
}

function kindOf(scales: readonly number[], index: number): keyof typeof words {
  const [shrink, before] = [scales[index]!, scales[index - 1]];
  if (before === undefined) return scales.length === 1 ? "alone" : "first";
  if (shrink < before) return "up";
  return shrink === Math.max(...scales) ? "lowest" : "down";
}

/** One for each kind of layer, in the order in which they come. */
function formulasOf(layers: readonly LayerShape[]): string[] {
  const written = layers.map((layer) => {
    if (layer.type === "pixel-unshuffle") return formulas.apart;
    if (layer.type === "pixel-shuffle") return formulas.together;
    if (layer.type === "add") return formulas.sum(sourceOf(layer) + 1);
    if (!isConvolution(layer)) return "";
    if (layer.type === "conv1x1" && layer.bias === false && layer.activation === "linear")
      return formulas.mix;
    return formulas.conv(layer.bias !== false, layer.activation === "relu");
  });
  return [...new Set(written)];
}

/** A layer's name, its kind and the number of its channels. */
export function layerTitle(number: number, layer: LayerShape): string {
  const kinds: Readonly<Record<string, string>> = {
    conv1x1: "mixing the channels",
    "pixel-unshuffle": "squares of 2×2 taken apart",
    "pixel-shuffle": "put together to squares of 2×2",
    add: `sum with ${layer.type === "add" ? `layer ${sourceOf(layer) + 1}` : ""}`,
    conv3x3: "windows of 3×3",
  };
  return `${number}. ${kinds[layer.type]}: ${layer.outputs} channels`;
}
