/** Checks unknown data by schemas, and throws this package's error. */
import * as v from "valibot";
import { printable, SpecError, shown } from "../errors.ts";

/** More faults of one text are not named. */
const MOST_FAULTS = 20;

/** Does what valibot's `parse` does, but throws a SpecError, which names each fault with its path. @throws SpecError */
export function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  data: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, data, { abortPipeEarly: true });
  if (result.success) return result.output;
  const faults = result.issues.slice(0, MOST_FAULTS).map(faultOf);
  throw new SpecError(printable(`${what}: ${faults.join("; ")}.`));
}

/** Describes an issue: where it is, what has to be there, and what is there. */
function faultOf(issue: v.BaseIssue<unknown>): string {
  const { type, expected, received, requirement } = issue;
  const path = v.getDotPath(issue);
  if (type === "strict_object" && expected === "never")
    return `unknown key "${path?.slice(0, 200)}", remove it`;
  // The message of a check says what the value has to be.
  if (type === "check" || type === "custom")
    return `${path?.slice(0, 200)} has to be ${issue.message}, but is ${shown(issue.input)}`;
  if (path && received === "undefined") return `"${path}" is missing`;
  const rules: Record<string, string> = {
    number: "a number",
    string: "a text",
    boolean: "true or false",
    array: "a list",
    strict_object: "an object",
    tuple: "a list",
    variant: `${expected}`,
    union: `${expected}`,
    literal: `${expected}`,
    picklist: `${expected}`,
    integer: "a whole number",
    safe_integer: "a whole number up to 2⁵³",
    finite: "finite",
    min_value: `at least ${requirement}`,
    max_value: `at most ${requirement}`,
    gt_value: `above ${requirement}`,
    min_length: `at least ${requirement} long`,
    max_length: `at most ${requirement} long`,
  };
  return `${path?.slice(0, 200) ?? "it"} has to be ${rules[type] ?? expected}, but is ${received.slice(0, 200)}`;
}
