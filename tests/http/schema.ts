import { isDeepStrictEqual } from "node:util";

/** The keywords of JSON Schema that are used here. https://json-schema.org/draft/2020-12 */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

/** What is wrong with a value, each with the place; empty when nothing is. */
export function faultsOf(value: unknown, schema: Schema, at = "$"): string[] {
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  if (types !== undefined && !types.some((type) => hasType(value, type))) {
    return [`${at}: ${JSON.stringify(value)} is not ${types.join(" or ")}`];
  }
  const faults = simpleFaults(value, schema).map((fault) => `${at}: ${fault}`);
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      faults.push(...faultsOf(item, schema.items ?? {}, `${at}[${index}]`));
    });
  } else if (typeof value === "object" && value !== null) {
    faults.push(...objectFaults(value, schema, at));
  }
  for (const part of schema.allOf ?? []) faults.push(...faultsOf(value, part, at));
  const { anyOf } = schema;
  if (anyOf === undefined) return faults;
  const tried = anyOf.map((part) => faultsOf(value, part, at));
  if (!tried.some(({ length }) => length === 0)) faults.push(...tried.flat());
  return faults;
}

function simpleFaults(value: unknown, schema: Schema): string[] {
  const faults: string[] = [];
  const { minimum = -Infinity, maximum = Infinity, minLength = 0, pattern = "" } = schema;
  const shown = JSON.stringify(value);
  if (schema.enum?.every((item) => !isDeepStrictEqual(item, value))) {
    faults.push(`${shown} is none of ${JSON.stringify(schema.enum)}`);
  }
  if ("const" in schema && !isDeepStrictEqual(schema.const, value)) {
    faults.push(`${shown} is not ${JSON.stringify(schema.const)}`);
  }
  if (typeof value === "number" && (value < minimum || value > maximum)) {
    faults.push(`${shown} is not within ${minimum} … ${maximum}`);
  }
  if (typeof value === "string" && (value.length < minLength || !RegExp(pattern).test(value))) {
    faults.push(`${shown} is too short or does not match ${pattern}`);
  }
  return faults;
}

function objectFaults(value: object, schema: Schema, at: string): string[] {
  const { properties = {}, additionalProperties = true, propertyNames = {} } = schema;
  const faults = (schema.required ?? []).filter((name) => !(name in value))
    .map((name) => `${at}: ${name} is missing`);
  for (const [name, item] of Object.entries(value)) {
    faults.push(...faultsOf(name, propertyNames, `${at}.${name}`));
    const known = properties[name];
    if (known !== undefined) faults.push(...faultsOf(item, known, `${at}.${name}`));
    else if (additionalProperties === false) faults.push(`${at}: ${name} is unknown`);
    else if (additionalProperties !== true) {
      faults.push(...faultsOf(item, additionalProperties, `${at}.${name}`));
    }
  }
  return faults;
}

function hasType(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  }
  const found: string = typeof value;
  return found === type;
}
