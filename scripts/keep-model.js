// node scripts/keep-model.js RUN NAME SOURCE: makes the model of a run one of those that come with the package, models/NAME.safetensors, with
// the report of the run beside it. SOURCE is what the report is to say of the pictures instead of where they lay, as in
// "photos-train and photos-detail, tested on Kodak24". Build then, and run npm run tables.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [run, name, source] = process.argv.slice(2);
if (!source) {
  console.error("usage: node scripts/keep-model.js RUN NAME SOURCE");
  process.exit(2);
}
const path = (ending) => fileURLToPath(new URL(`../models/${name}.${ending}`, import.meta.url));
const report = JSON.parse(readFileSync(join(run, "report.json"), "utf8"));
report.data.source = source;
writeFileSync(path("json"), `${JSON.stringify(report, null, 2)}\n`);
copyFileSync(join(run, "model.safetensors"), path("safetensors"));
console.log(`${name}: ${report.parameters} parameters, ${Math.round(report.seconds / 60)} minutes`);
