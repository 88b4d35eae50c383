// SPDX-License-Identifier: Apache-2.0
// What the tests of the clients share: the edge's origin, requests through the edge, and what became of a copy there.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'

const port = name => Number(process.env[`SELVAGE_${name}`])

/** Of the packages that tests/clients/run has installed. */
export const require = createRequire(process.env.SELVAGE_PACKAGES + '/package.json')
export const api = `http://127.0.0.1:${port('PURGE')}`
export const apiPort = port('PURGE')
export const metrics = `http://127.0.0.1:${port('PURGE_ADMIN')}/metrics`
export const zone = '023e105f4ecef8ad9ca31a8372d0c353'
export const environment = '5a9c1f0e'
export const limitedZone = '00000000000000000000000000000bad'
export const service = 'SU1Z0isxPaozGVKXdv0eY'

/** Sends one request as it is given, answers {status, headers, text}. */
export function send ({ base = api, method = 'GET', path, headers = {}, body }) {
  const at = new URL(base)
  if (body !== undefined) headers = { ...headers, 'Content-Length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = http.request({ host: at.hostname, port: at.port, method, path, headers, agent: false }, answer => {
      const pieces = []
      answer.on('data', piece => pieces.push(piece))
      answer.on('end', () => resolve({
        status: answer.statusCode, headers: answer.headers, text: Buffer.concat(pieces).toString()
      }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

const asked = [] // {url, conditional} of each request that came to the origin

// Tags are the query's "tag" (a comma between two); "vary" names a field whose value tells variants apart.
const origin = http.createServer((request, answer) => {
  const url = new URL(request.url, `http://${request.headers.host}`)
  const conditional = request.headers['if-none-match'] !== undefined
  asked.push({ url: url.host.split(':')[0] + request.url, conditional })
  answer.setHeader('Cache-Control', 'max-age=3600')
  answer.setHeader('ETag', '"one"')
  if (url.searchParams.has('tag')) answer.setHeader('Cache-Tag', url.searchParams.get('tag'))
  if (url.searchParams.has('vary')) answer.setHeader('Vary', url.searchParams.get('vary'))
  if (conditional) answer.writeHead(304).end()
  else answer.end(`answer ${asked.length}`)
})

export const start = () => new Promise(resolve => origin.listen(port('ORIGIN'), '127.0.0.1', resolve))
export const stop = () => new Promise(resolve => { origin.close(resolve); origin.closeAllConnections() })

let last = 0
/** A path that no other test has: all that follows a purge of "everything" apart. */
export const fresh = (name = 'a') => `/${process.pid}-${++last}/${name}`

/** One GET of "www.example.com/x" through the edge: what the origin was asked meanwhile. */
export async function get (url, headers = {}) {
  const slash = url.indexOf('/')
  const before = asked.length
  const answer = await send({
    base: `http://127.0.0.1:${port('EDGE')}`, path: url.slice(slash), headers: { Host: url.slice(0, slash), ...headers }
  })
  assert.equal(answer.status, 200, answer.text)
  return asked.slice(before)
}

/** Puts copies into the cache and sees that they are hits. */
export async function warm (...urls) {
  for (const url of urls) {
    await get(url)
    assert.deepEqual(await get(url), [], `${url} is cached`)
  }
}

/** Hard: the copy is gone. */
export async function assertFetchedAnew (...urls) {
  for (const url of urls) assert.deepEqual(await get(url), [{ url, conditional: false }], `${url} is fetched anew`)
}

/** Soft: the copy is validated. */
export async function assertRevalidated (...urls) {
  for (const url of urls) assert.deepEqual(await get(url), [{ url, conditional: true }], `${url} is revalidated`)
}

export async function assertHit (...urls) {
  for (const url of urls) assert.deepEqual(await get(url), [], `${url} is still a hit`)
}

/** What the log has under this number, once the edge has applied it. */
export async function applied (number) {
  const deadline = Date.now() + 30000
  for (;;) {
    const answer = await send({ path: `/v1/purges/${number}`, headers: { Authorization: 'Bearer reader-secret' } })
    assert.equal(answer.status, 200, answer.text)
    const seen = JSON.parse(answer.text)
    if (seen.nodes.some(node => node.node === 'edge-1' && node.applied)) return seen
    assert.ok(Date.now() < deadline, `the edge has not applied ${number}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Waits for the purge that Cloudflare's or Fastly's id stands for. */
export const appliedZone = id => applied(parseInt(id.slice(16), 16))
export const appliedService = id => applied(Number(id.split('-')[2]))

/** The first line of the audit log that `wanted` holds for, once it is there. */
export async function audited (wanted) {
  const deadline = Date.now() + 30000
  for (;;) {
    const lines = fs.readFileSync(process.env.SELVAGE_AUDIT, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line))
    const found = lines.find(wanted)
    if (found) return found
    assert.ok(Date.now() < deadline, 'the audit log has no such line')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export async function head () {
  const answer = await send({ path: '/v1/nodes', headers: { Authorization: 'Bearer reader-secret' } })
  return JSON.parse(answer.text).head
}
