// What npm's @sigstore/verify, unmodified, says of bundles that the tests made.
//
// node verify.cjs FILE: FILE is {"key", "hint", "cases": [{"name", "bundle", "artifact", "root"}]}, where
// bundle and root are texts and artifact is base64. Prints {"version", "runtime", "verdicts": [[name, code, message]]};
// code is "accepted", the library's error code, or the name of an error that it did not mean to throw.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const modules = path.join(process.env.CLOISTER_NODE_MODULES, "@sigstore");
const { bundleFromJSON } = require(path.join(modules, "bundle"));
const { TrustedRoot } = require(path.join(modules, "protobuf-specs"));
const { toSignedEntity, toTrustMaterial, Verifier } = require(path.join(modules, "verify"));

const input = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const key = { publicKey: crypto.createPublicKey(input.key), validFor: () => true };

function verify({ bundle, artifact, root }) {
  const trust = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(root)), (hint) => {
    if (hint !== input.hint) throw Object.assign(new Error("key not found"), { code: "PUBLIC_KEY_ERROR" });
    return key;
  });
  const entity = toSignedEntity(bundleFromJSON(JSON.parse(bundle)), Buffer.from(artifact, "base64"));
  new Verifier(trust).verify(entity);
}

const verdicts = input.cases.map((one) => {
  try {
    verify(one);
    return [one.name, "accepted", ""];
  } catch (error) {
    return [one.name, error.code ?? error.name, error.message];
  }
});
const { version } = JSON.parse(fs.readFileSync(path.join(modules, "verify", "package.json"), "utf8"));
process.stdout.write(JSON.stringify({ version, runtime: process.version, verdicts }));
