// Verifies captured requests with other people's code: the request's signature as PeerTube does it (by the package that
// it uses), the body's by npm's jsonld and Node's crypto. Then breaks each in every way and sees that it is refused.
//
// usage: node verify.mjs CAPTURE...
//
// A capture is JSON Lines, one object per request: method, target, headers ([name, value] each), body, key_id,
// public_key_pem (of the signer of the request) and author_public_key_pem (of the body's actor); where one of the keys
// is null that signature is not checked. Where there is canonical, that text is held against jsonld's. Nothing is
// fetched: contexts come from packages.

import { parseRequestSignature, verifyDigestHeader, verifyDraftSignature } from '@misskey-dev/node-http-message-signatures'
import securityContexts from '@digitalbazaar/security-context'
import activityStreams from 'activitystreams-context' with { type: 'json' }
import jsonld from 'jsonld'
import { createHash, createVerify, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

const CONTEXTS = new Map([
  ...securityContexts.contexts,
  ['https://www.w3.org/ns/activitystreams', activityStreams]
])
const OTHER_KEY = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' }
}).publicKey
const HOUR_MS = 3_600_000

const sha256 = (text, encoding) => createHash('sha256').update(text, 'utf8').digest(encoding)

async function documentLoader (url) {
  const document = CONTEXTS.get(url)
  if (!document) throw new Error(`no context ${url} here, and nothing is fetched`)
  return { document, documentUrl: url, contextUrl: null }
}

// `safe` refuses what the context does not know, which 6.0's does not of a count.
function canonize (document, safe) {
  return jsonld.canonize(document, { algorithm: 'URDNA2015', format: 'application/n-quads', documentLoader, safe })
}

function canonicalBody (body) {
  const { signature, ...document } = body
  return canonize(document, document['@context'].length > 3 || document.result === undefined)
}

async function activityHolds (body, key) {
  const { type, id, signatureValue, ...options } = body.signature
  if (type !== 'RsaSignature2017') return false
  const context = ['https://w3id.org/security/v1', { RsaSignature2017: 'https://w3id.org/security#RsaSignature2017' }]
  const signed = sha256(await canonize({ '@context': context, ...options }, true), 'hex') +
    sha256(await canonicalBody(body), 'hex')
  return createVerify('RSA-SHA256').update(signed, 'utf8').verify(key, signatureValue, 'base64')
}

const headerOf = (request, name) => request.headers.find(([own]) => own.toLowerCase() === name)?.[1]

// As an inbox decides: digest, signed headers, date, key. `now` is the receiver's clock.
async function requestHolds (request, key, now) {
  if (headerOf(request, 'digest') !== 'SHA-256=' + sha256(request.body, 'base64')) return false
  const message = { method: request.method, url: request.target, rawHeaders: request.headers.flat() }
  if (!await verifyDigestHeader(message, Buffer.from(request.body), true)) return false
  let parsed
  try {
    parsed = parseRequestSignature(message, {
      requiredComponents: { draft: ['(request-target)', 'host', 'date', 'digest'] },
      clockSkew: { now, delay: 300_000, forward: 300_000 }
    })
  } catch (error) {
    return false
  }
  return parsed.version === 'draft' && parsed.value.keyId === request.key_id &&
    await verifyDraftSignature(parsed.value, key) === true
}

let passed = 0
let failed = 0

function expect (holds, what) {
  if (holds) { passed += 1; return }
  failed += 1
  console.log(`FAILED: ${what}`)
}

const withHeader = (request, name, change) => ({
  ...request,
  headers: request.headers.map(([own, value]) => [own, own.toLowerCase() === name ? change(value) : value])
})

async function checkRequest (request, what) {
  const now = new Date(headerOf(request, 'date'))
  const key = request.public_key_pem
  const holds = (request, key, at = now) => requestHolds(request, key, at)
  expect(await holds(request, key), `${what}: the request's signature`)
  expect(Buffer.byteLength(request.body) === Number(headerOf(request, 'content-length')), `${what}: its length`)
  const otherBody = { ...request, body: request.body.replace('/videos/', '/videoz/') }
  const ofOtherBody = 'SHA-256=' + sha256(otherBody.body, 'base64')
  const unsigned = name => withHeader(request, 'signature', value => value.replace(` ${name}`, ''))
  const broken = {
    'a tampered digest': withHeader(request, 'digest', () => ofOtherBody),
    'a tampered body': otherBody,
    'a tampered body with its digest': withHeader(otherBody, 'digest', () => ofOtherBody),
    'another host': withHeader(request, 'host', value => `${value}0`),
    'another date': withHeader(request, 'date', value => new Date(Date.parse(value) + 1_000).toUTCString()),
    'another target': { ...request, target: '/outbox' },
    'another method': { ...request, method: 'PUT' },
    'another key id': withHeader(request, 'signature', value => value.replace('/accounts/', '/accountz/')),
    'no signature': { ...request, headers: request.headers.filter(([name]) => name.toLowerCase() !== 'signature') },
    'a host that is not signed': unsigned('host'),
    'a digest that is not signed': unsigned('digest')
  }
  for (const [name, wrong] of Object.entries(broken)) {
    expect(JSON.stringify(wrong) !== JSON.stringify(request) && !await holds(wrong, key), `${what}: ${name} is refused`)
  }
  expect(!await holds(request, OTHER_KEY), `${what}: a wrong key is refused`)
  expect(!await holds(request, key, new Date(now.getTime() + HOUR_MS)), `${what}: an old date is refused`)
}

async function checkActivity (request, what) {
  const body = JSON.parse(request.body)
  const key = request.author_public_key_pem
  expect(await activityHolds(body, key), `${what}: the activity's signature`)
  expect(!await activityHolds(body, OTHER_KEY), `${what}: a wrong key of the author is refused`)
  const signature = change => ({ ...body, signature: { ...body.signature, ...change } })
  const broken = {
    id: { ...body, id: `${body.id}0` },
    to: { ...body, to: [...body.to, 'http://a.example/b'] },
    cc: { ...body, cc: [...body.cc, 'http://a.example/c'] },
    object: { ...body, object: `${body.object}0` },
    type: { ...body, type: 'Like' },
    creator: signature({ creator: 'http://a.example/b' }),
    created: signature({ created: '2000-01-01T00:00:00.000Z' })
  }
  if (body.expires) broken.expires = { ...body, expires: '2000-01-01T00:00:00.000Z' }
  if (body.content) broken.content = { ...body, content: `${body.content} ` }
  // 6.0's context does not know the count, so no signature holds it
  if (body.result && body['@context'].length > 3) {
    broken.result = { ...body, result: { ...body.result, userInteractionCount: body.result.userInteractionCount + 1 } }
  }
  for (const [name, wrong] of Object.entries(broken)) {
    expect(!await activityHolds(wrong, key), `${what}: another ${name} in the activity is refused`)
  }
}

const kinds = new Map()
for (const file of process.argv.slice(2)) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(line => line !== '')
  for (const [number, text] of lines.entries()) {
    const line = JSON.parse(text)
    const body = JSON.parse(line.body)
    const what = `${file}, line ${number + 1} (${body.type})`
    const before = passed + failed
    if (line.public_key_pem) await checkRequest(line, what)
    if (line.author_public_key_pem) await checkActivity(line, what)
    if (line.canonical) expect(await canonicalBody(body) === line.canonical, `${what}: the canonical text`)
    expect(passed + failed > before, `${what}: there is something to check`)
    const kind = `${body.type} ${line.canonical ? 'of a real server' : 'of ours'}`
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  }
}
for (const [kind, count] of kinds) console.log(`${count} ${kind}`)
if (passed === 0) { failed += 1; console.log('FAILED: nothing was captured') }
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
