"use client";
import { createDenoiser, readImage, toImageData } from "denoise-wasm/browser";
import { useRef, useState } from "react";

let denoiser;

export default function Page() {
  const canvas = useRef(null);
  const [message, setMessage] = useState("");

  async function show({ target }) {
    // Not before there is a picture, since Next also runs this file on its server.
    denoiser ??= createDenoiser({ worker: true });
    const clean = await (await denoiser).denoise(await readImage(target.files[0]));
    Object.assign(canvas.current, { width: clean.width, height: clean.height });
    canvas.current.getContext("2d").putImageData(toImageData(clean), 0, 0);
    setMessage(`denoised for σ = ${clean.sigma.toFixed(1)}`);
  }

  return (
    <>
      <label>
        A noisy picture: <input type="file" accept="image/*" onChange={show} />
      </label>
      <output>{message}</output>
      <canvas ref={canvas} />
    </>
  );
}
