// A real identity provider (npm oidc-provider) with the accounts and clients of tests/oidc/run, on a free port of this machine.
//
//   node provider.mjs <folder of node_modules> [client_secret]
//
// Prints one line, {"issuer": …}, when it listens; ends with its standard input. Beside the provider there are, for the test:
//   POST /test/keys    {"keep_old": bool}  new signing keys; the old ones stay listed, or not
//   POST /test/groups  {"account", "groups"}
//   POST /test/sign    {"header", "claims", "key"}  a token signed by "current", "former", "stranger", "none", "public-as-secret"
//   POST /test/redirect  {"url"}  where the browser's client is sent back to
//   POST /test/count   how often the key set was asked for
//   POST /test/kid     the id of the key that signs
import http from "node:http";
import crypto from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// Debian 12's Node.js 18 lacks these; the provider uses them.
URL.parse ??= (url, base) => { try { return new URL(url, base); } catch { return null; } };
URL.canParse ??= (url, base) => URL.parse(url, base) !== null;

const [folder, clientSecret] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Provider } = await load("oidc-provider");

const accounts = {
  maria: { preferred_username: "maria", name: "Maria Souza", email: "maria@example.org", groups: ["data-science", "reviewers"] },
  otto: { preferred_username: "otto", name: "Otto Lang", email: "otto@example.org", groups: [] },
  // Calls herself as the server's own administrator does.
  eve: { preferred_username: "admin", name: "<b>Eve</b>", email: "eve@example.org", groups: [] },
};
const audience = "https://ciclo.test/api";

const b64 = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

let generation = 0;
function newKey(algorithm) {
  generation += 1;
  const { privateKey, publicKey } =
    algorithm === "RS256" ? crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
                          : crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...privateKey.export({ format: "jwk" }), kid: `key-${generation}`, alg: algorithm, use: "sig" };
  return { privateKey, publicKey, jwk };
}

let keys = [newKey("RS256"), newKey("ES256")];
const stranger = newKey("RS256");
let former;
let handle;

function build(issuer, redirect) {
  const browser = {
    client_id: "ciclo", redirect_uris: redirect ? [redirect] : ["http://127.0.0.1:1/auth/callback"],
    post_logout_redirect_uris: redirect ? [new URL("/", redirect).href] : [],
    grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
    token_endpoint_auth_method: clientSecret ? "client_secret_basic" : "none",
    ...(clientSecret ? { client_secret: clientSecret } : {}),
  };
  const other = {
    client_id: "other-app", redirect_uris: ["http://127.0.0.1:1/cb"], grant_types: ["authorization_code"],
    token_endpoint_auth_method: "none",
  };
  // Signs with ES256: the other key of the set.
  const terminal = {
    client_id: "ciclo-cli", redirect_uris: [], response_types: [], id_token_signed_response_alg: "ES256",
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code"], token_endpoint_auth_method: "none",
  };
  const provider = new Provider(issuer, {
    clients: [browser, other, terminal],
    jwks: { keys: keys.map((key) => key.jwk) },
    cookies: { keys: ["a key of the test"] },
    conformIdTokenClaims: false,
    scopes: ["openid", "profile", "email", "groups"],
    claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"], groups: ["groups"] },
    features: {
      deviceFlow: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: "openid profile", audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } }),
      },
    },
    extraTokenClaims: (_, token) => ({ ...accounts[token.accountId] }),
    findAccount: (_, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
  });
  handle = provider.callback();
}

function sign({ header, claims, key }) {
  const current = keys[0];
  const input = `${b64(header)}.${b64(claims)}`;
  if (key === "none") return `${input}.`;
  if (key === "public-as-secret") {
    // The classic confusion: the public key, which everybody has, as the secret of an HMAC.
    const secret = current.publicKey.export({ format: "pem", type: "spki" });
    return `${input}.${crypto.createHmac("sha256", secret).update(input).digest("base64url")}`;
  }
  const { privateKey } = { stranger, former }[key] ?? current;
  return `${input}.${crypto.sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}

let asked = 0;
let redirect;
const control = {
  "/test/keys": ({ keep_old: keepOld }) => {
    [former] = keys;
    keys = [newKey("RS256"), newKey("ES256"), ...(keepOld ? keys : [])];
    build(issuer, redirect);
    return { kid: keys[0].jwk.kid };
  },
  "/test/groups": ({ account, groups }) => { accounts[account].groups = groups; return {}; },
  "/test/redirect": ({ url }) => { redirect = url; build(issuer, redirect); return {}; },
  "/test/sign": (body) => ({ token: sign(body) }),
  "/test/count": () => ({ jwks: asked }),
  "/test/kid": () => ({ kid: keys[0].jwk.kid }),
};

const server = http.createServer((request, response) => {
  const act = control[request.url];
  if (request.url === "/jwks") asked += 1;
  if (!act) return handle(request, response);
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const body = pieces.length ? JSON.parse(Buffer.concat(pieces)) : {};
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(act(body)));
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
build(issuer);
console.log(JSON.stringify({ issuer }));
process.stdin.resume().on("end", () => process.exit(0));
