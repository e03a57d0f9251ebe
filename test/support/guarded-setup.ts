/** Set-up of the project "guarded": each network has guard zones between its buffers, which are checked after each test. */
import { afterEach, expect, vi } from "vitest";
import { trespasses, watch } from "./guarded-arena.ts";

vi.mock("../../src/network/arena.ts", () => import("./guarded-arena.ts"));
const { Network } = await import("../../src/network/network.ts");

const create = Network.create.bind(Network);
Network.create = async (...parameters) => {
  const network = await create(...parameters);
  if (watch(network.core.memory, network.plan.end) === 0) throw new Error("The arena has no guards.");
  return network;
};

afterEach(() => expect(trespasses()).toEqual([]));
