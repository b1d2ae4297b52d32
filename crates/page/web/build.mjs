// Builds src into dist, the same bytes from the same sources; with --check it compares instead.
//
// dist/manifest.json holds the SHA-256 of every source and of every output, so that a stale dist is found
// without node; dist/csp.txt the hashes as a content security policy names them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const here = import.meta.dirname;
const isCheck = process.argv.includes("--check");

const options = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  target: ["chrome103", "firefox113", "safari16.4"],
  write: false,
};
const js = await build({ ...options, entryPoints: ["src/report.tsx"], format: "iife" });
const css = await build({ ...options, entryPoints: ["src/report.css"] });

const shipped = ["preact", "uplot"];
const licences = shipped.map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});

const text = (built) => built.outputFiles[0].text.trim() + "\n";
const outputs = {
  "report.js": text(js),
  "report.css": text(css),
  "licences.txt": licences.join("\n\n"),
};
for (const end of ["</script", "<!--"]) {
  if (outputs["report.js"].includes(end)) throw new Error(`report.js holds ${end}, which ends its element`);
}
if (outputs["report.css"].includes("</style")) throw new Error("report.css holds </style");

const sha = (text, form) => createHash("sha256").update(text).digest(form);
outputs["csp.txt"] = ["report.css", "report.js"]
  .map((name) => `${name} sha256-${sha(outputs[name], "base64")}\n`)
  .join("");

const sources = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"].concat(
  readdirSync(join(here, "src"), { recursive: true }).filter((name) => name.includes(".")).map((name) => `src/${name}`),
);
sources.sort();
const hashes = (names, read) => Object.fromEntries(names.map((name) => [name, sha(read(name), "hex")]));
const manifest = {
  "made by": "cargo xtask page",
  sources: hashes(sources, (name) => readFileSync(join(here, name))),
  outputs: hashes(Object.keys(outputs).sort(), (name) => outputs[name]),
};
outputs["manifest.json"] = JSON.stringify(manifest, null, 2) + "\n";

mkdirSync(join(here, "dist"), { recursive: true });
let isStale = false;
for (const [name, text] of Object.entries(outputs)) {
  const path = join(here, "dist", name);
  if (!isCheck) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`dist/${name} is stale; run \`cargo xtask page\``);
    isStale = true;
  }
}
for (const name of ["report.js", "report.css"]) console.log(`${name}: ${outputs[name].length} bytes`);
if (isStale) process.exit(1);
