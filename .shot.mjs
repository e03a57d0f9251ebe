import { chromium } from "playwright";
import { serve } from "./web/server.js";
const [,, hash="denoise", w="1280", h="800", scheme="light", out="/tmp/shot.png", ...acts] = process.argv;
const server = await serve({port:0});
const b = await chromium.launch({executablePath:"/usr/bin/chromium", args:["--no-sandbox","--disable-gpu"]});
const phone = +w<500;
const c = await b.newContext({viewport:{width:+w,height:+h}, colorScheme:scheme==="dark"?"dark":"light", forcedColors: scheme==="forced"?"active":"none", isMobile:phone, hasTouch:phone});
const p = await c.newPage();
p.on("console", m=>console.log(m.type(), m.text())); p.on("pageerror", e=>console.log("ERR", e.message));
let bytes=0; 
const t0=Date.now();
await p.goto(server.url+"#"+hash);
if(hash==="denoise") await p.waitForFunction(()=>performance.getEntriesByName("denoised").length>=1,null,{timeout:30000}).catch(()=>console.log("no denoised"));
console.log(await p.evaluate(()=>({t:performance.getEntriesByName("denoised")[0]?.startTime, sw: document.documentElement.scrollWidth, cw: document.documentElement.clientWidth, sh: document.documentElement.scrollHeight, bytes: performance.getEntriesByType("resource").reduce((s,r)=>s+r.encodedBodySize,0), names: performance.getEntriesByType("resource").map(r=>r.name.split("/").pop()+":"+r.encodedBodySize).join(" ")})));
for (const a of acts) { await p.evaluate(a); await p.waitForTimeout(1500); }
await p.screenshot({path:out, fullPage: phone});
await b.close(); await server.close();
