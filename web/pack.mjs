// Packs the scripts that servers serve as small as brotli can, which takes longer than a request may.
// Each lies beside its script under the hash of what is in it, `talk.js.<hash>.br`: so a server finds
// it only for the very bytes that it was made of, whoever built which of them last.
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";

const folder = fileURLToPath(new URL("../src/duologue/console/assets/", import.meta.url));
const files = readdirSync(folder);

async function pack(name) {
  const content = await readFile(folder + name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 32);
  const packed = `${name}.${hash}.br`;
  const old = files.filter((other) => other.startsWith(`${name}.`) && other.endsWith(".br") && other !== packed);
  await Promise.all(old.map((other) => rm(folder + other, { force: true })));
  if (existsSync(folder + packed)) return;
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  // Never half of it under its name, for somebody may be asking.
  await writeFile(`${folder}${packed}.${process.pid}`, await promisify(brotliCompress)(content, { params }));
  await rename(`${folder}${packed}.${process.pid}`, folder + packed);
}

/** Whether a packed file, whole or half, is of nobody any more: its script is gone, or who wrote it. */
function forgotten(name) {
  const [, script, writer] = /^(.+\.js)\.[0-9a-f]{32}\.br(?:\.(\d+))?$/.exec(name) ?? [];
  if (script === undefined) return false;
  return writer === undefined ? !files.includes(script) : !lives(Number(writer));
}

function lives(writer) {
  try {
    return process.kill(writer, 0);
  } catch (error) {
    return error.code === "EPERM"; // somebody else's
  }
}

await Promise.all(files.filter(forgotten).map((name) => rm(folder + name, { force: true })));
await Promise.all(files.filter((name) => name.endsWith(".js")).map(pack));
