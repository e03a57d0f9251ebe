import { chromium } from "playwright";
import { serve } from "./web/server.js";
import { buildPage } from "./web/build.js";
if (process.env.BUILD) await buildPage();
const server = await serve({port:0, isolated: !process.env.PLAIN});
const b = await chromium.launch({executablePath:"/usr/bin/chromium", args:["--no-sandbox","--disable-gpu",...(process.env.ARGS??"").split(" ").filter(Boolean)]});
const open = async (hash, opts={}) => { const c = await b.newContext({viewport:{width:1280,height:800},...opts}); const p = await c.newPage(); p.on("console", m=>console.log("  [console]",m.type(), m.text())); p.on("pageerror", e=>console.log("  ERR", e.message)); await p.goto(server.url+"#"+hash); return p; };
const text=(p,id)=>p.locator("#"+id).innerText();
const done=(p,n=1)=>p.waitForFunction(n=>performance.getEntriesByName("denoised").length>=n,n,{timeout:60000});
const t0=Date.now(); const log=(...a)=>console.log(((Date.now()-t0)/1000).toFixed(1),...a);
try { const {default: f} = await import(process.argv[2]); await f({open,text,done,log,b,server}); } catch(e) { console.log("FAIL", e.message.slice(0,800)); }
await b.close(); await server.close();
