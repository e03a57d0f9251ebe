// node .ci/count.js REPORT ALLOWED [REPORT ALLOWED …]: adds up vitest's JSON reports. ALLOWED is a regular
// expression for the names of tests that may be skipped in that report. The last line is the count. The exit
// code is 1 if a test failed, if one was skipped that should not be, or if none passed.
import { existsSync, readFileSync } from "node:fs";

const counts = { passed: 0, failed: 0, skipped: 0 };
let wrong = false;

const pairs = process.argv.slice(2);
for (let i = 0; i < pairs.length; i += 2) {
  const [path, allowed] = [pairs[i], new RegExp(pairs[i + 1])];
  if (!existsSync(path)) {
    console.log(`${path} was not written: the run ended early`);
    wrong = true;
    continue;
  }
  for (const file of JSON.parse(readFileSync(path, "utf8")).testResults) {
    if (file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed")) {
      console.log(`failed: ${file.name}: ${file.message}`);
      counts.failed++;
    }
    for (const { fullName, status, failureMessages } of file.assertionResults) {
      if (status === "passed") counts.passed++;
      else if (status === "failed") {
        console.log(`failed: ${fullName}\n${(failureMessages ?? []).join("\n").slice(0, 800)}`);
        counts.failed++;
      } else {
        counts.skipped++;
        if (allowed.test(fullName)) continue;
        console.log(`skipped, but should run here: ${fullName}`);
        wrong = true;
      }
    }
  }
}

if (wrong || counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
