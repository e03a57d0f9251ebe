// node servers.js express|fastify|hono: starts a server with the route of examples/pipelines, and prints its address.
const prefix = "/denoise";
const [, , name] = process.argv;
const listening = ({ address }) => console.log(`http://127.0.0.1:${address}${prefix}`);

if (name === "express") {
  const { default: express } = await import("express");
  const { denoiseExpress } = await import("./express.js");
  const server = express()
    .use(prefix, denoiseExpress())
    .listen(0, "127.0.0.1", () => listening({ address: server.address().port }));
} else if (name === "fastify") {
  const { fastify } = await import("fastify");
  const { denoiseFastify } = await import("./fastify.js");
  const app = fastify();
  app.register(denoiseFastify, { prefix });
  await app.listen({ port: 0, host: "127.0.0.1" });
  listening({ address: app.server.address().port });
} else {
  const { Hono } = await import("hono");
  const { serve } = await import("@hono/node-server");
  const { denoiseHono } = await import("./hono.js");
  const app = new Hono().route(prefix, denoiseHono());
  serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => listening({ address: port }));
}
