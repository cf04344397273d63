// What the npm package `fhirpath` gives for cases.json, written to expected.json.
//   python cases.py && npm install fhirpath@5.2.2 && node generate.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
const need = createRequire(process.env.FHIRPATH_FROM ?? import.meta.url);
const fhirpath = need("fhirpath");
const r4 = need("fhirpath/fhir-context/r4");
const here = (name) => new URL(name, import.meta.url);
const { responses, variables, expressions, at_item, questionnaire } = JSON.parse(readFileSync(here("cases.json"), "utf8"));
const rows = [];
for (const [expression, at] of [...expressions.map((e) => [e, null]), ...at_item.map((e) => [e, "g"])]) {
  const results = [];
  for (const response of responses) {
    try {
      const base = at ? response.item.find((item) => item.linkId === at) : response;
      const path = at ? { base: "QuestionnaireResponse.item", expression } : expression;
      const found = await fhirpath.evaluate(structuredClone(base), path,
        { resource: structuredClone(response), questionnaire, ...variables }, r4, { async: true });
      results.push(found.map((value) => (typeof value === "bigint" ? Number(value) : value)));
    } catch (error) {
      results.push({ error: String(error.message).split("\n")[0].slice(0, 120) });
    }
  }
  rows.push({ expression, at, results });
}
const version = need("fhirpath/package.json").version;
writeFileSync(here("expected.json"), JSON.stringify({ made_by: `fhirpath ${version} (npm)`, rows }, null, 1) + "\n");
