// SPDX-License-Identifier: Apache-2.0
// docs/openapi.yaml against the running server: each operation and each status that can be brought about is called, and what
// comes is validated.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import * as rig from './rig.mjs'

const SwaggerParser = rig.require('@apidevtools/swagger-parser')
const Ajv = rig.require('ajv/dist/2020').default
const file = `${process.env.SELVAGE_ROOT}/docs/openapi.yaml`
const ajv = new Ajv({ strict: false, allErrors: true })

let description
const seen = new Set()
before(async () => {
  description = await SwaggerParser.dereference(file)
  await rig.start()
})
after(rig.stop)

const bearer = token => ({ Authorization: `Bearer ${token}-secret` })
const json = { 'Content-Type': 'application/json' }
const text = value => typeof value === 'string' ? value : JSON.stringify(value)

function check (schema, value, what) {
  const valid = ajv.compile(schema)
  assert.ok(valid(value), `${what}: ${ajv.errorsText(valid.errors)} in ${JSON.stringify(value)}`)
}

/** Calls an operation, wants this status, and holds the answer against the description. */
async function call (method, template, status, { path = template, token = 'all', headers = {}, body } = {}) {
  const what = `${method.toUpperCase()} ${template} ${status}`
  const operation = description.paths[template][method]
  const answer = await rig.send({
    method: method.toUpperCase(),
    path,
    headers: { ...(token === null ? {} : bearer(token)), ...(body === undefined ? {} : json), ...headers },
    body: body === undefined ? undefined : text(body)
  })
  assert.equal(answer.status, status, `${what}: ${answer.text}`)
  const described = operation.responses[status]
  assert.ok(described, `${what} is not described`)
  seen.add(what)
  assert.equal(answer.headers['content-type'], 'application/json', what)
  const value = JSON.parse(answer.text)
  check(described.content['application/json'].schema, value, what)
  for (const [name, header] of Object.entries(described.headers ?? {})) {
    const found = answer.headers[name.toLowerCase()]
    assert.ok(found !== undefined, `${what} has no ${name}`)
    check(header.schema, header.schema.type === 'integer' ? Number(found) : found, `${what}, ${name}`)
  }
  if (status < 400 && operation.requestBody && body !== undefined) {
    check(operation.requestBody.content['application/json'].schema, body, `${what}, its request`)
  }
  return value
}

const purge = { site: 'www', tags: ['openapi'] }

test('the description is valid OpenAPI 3.1', async () => {
  const api = await SwaggerParser.validate(file)
  assert.equal(api.openapi, '3.1.0')
})

test('purge', async () => {
  const path = '/v1/purges'
  await call('post', path, 202, { body: purge })
  await call('post', path, 202, { body: { purges: [purge, { site: 'shop', hosts: ['shop.example.com'] }] } })
  await call('post', path, 200, { path: `${path}?wait=20s`, body: { ...purge, soft: true } })
  for (const selector of [{ urls: ['https://www.example.com/'] }, { prefixes: ['www.example.com/x'] },
    { hosts: ['www.example.com'] }, { tags: ['A'], ignore_case: true }, { wildcards: ['www.example.com/*.png'] },
    { variants: [{ url: 'https://www.example.com/', headers: { 'Accept-Language': 'de' } }] }, { everything: true }]) {
    await call('post', path, 202, { body: { site: 'www', ...selector } })
  }
  await call('post', path, 400, { body: { site: 'www' } })
  await call('post', path, 400, { body: '{' })
  await call('post', path, 401, { token: null, body: purge })
  await call('post', path, 403, { token: 'reader', body: purge })
  await call('post', path, 403, { token: 'deploy', body: { ...purge, site: 'shop' } })
  await call('post', path, 413, { body: ' '.repeat((1 << 20) + 1) })
  await call('post', path, 415, { headers: { 'Content-Type': 'text/plain' }, body: purge })
  const key = { 'Idempotency-Key': `openapi ${process.pid}` }
  const first = await call('post', path, 202, { headers: key, body: purge })
  assert.deepEqual(await call('post', path, 202, { headers: key, body: purge }), first)
  await call('post', path, 422, { headers: key, body: { ...purge, soft: true } })
})

test('a purge and the list of purges', async () => {
  const { sequence } = await call('post', '/v1/purges', 200, { path: '/v1/purges?wait=20s', body: purge })
  const one = await call('get', '/v1/purges/{sequence}', 200, { path: `/v1/purges/${sequence}` })
  assert.equal(one.by, 'all')
  await call('get', '/v1/purges/{sequence}', 401, { path: `/v1/purges/${sequence}`, token: null })
  await call('get', '/v1/purges/{sequence}', 403, { path: `/v1/purges/${sequence}`, token: 'edges' })
  await call('get', '/v1/purges/{sequence}', 404, { path: '/v1/purges/123456789' })
  const page = await call('get', '/v1/purges', 200, { path: '/v1/purges?limit=2' })
  assert.equal(page.purges[0].sequence, sequence)
  assert.ok(page.next)
  await call('get', '/v1/purges', 200, { path: `/v1/purges?after=${page.next}&site=www&tag=openapi&since=1h` })
  await call('get', '/v1/purges', 400, { path: '/v1/purges?limit=many' })
  await call('get', '/v1/purges', 401, { token: null })
  await call('get', '/v1/purges', 403, { path: '/v1/purges?site=shop', token: 'deploy' })
})

test('what came through other APIs fits too', async () => {
  await rig.send({ method: 'POST', path: `/service/${rig.service}/purge/other`, headers: { 'Fastly-Key': 'all-secret' } })
  await rig.send({
    method: 'POST', path: `/client/v4/zones/${rig.zone}/purge_cache`, headers: { ...bearer('all'), ...json },
    body: '{"files":["https://www.example.com/o",{"url":"https://www.example.com/p","headers":{"Accept":"a"}}],"tags":["o"]}'
  })
  const { purges } = await call('get', '/v1/purges', 200, { path: '/v1/purges?limit=4' })
  assert.deepEqual(purges.map(entry => entry.api), ['cloudflare', 'cloudflare', 'cloudflare', 'fastly'])
})

test('nodes', async () => {
  const { log_id, head } = await call('get', '/v1/nodes', 200)
  await call('get', '/v1/nodes', 401, { token: null })
  await call('get', '/v1/nodes', 403, { token: 'edges' })
  seen.add('GET /v1/nodes 405')
  const other = await rig.send({ method: 'POST', path: '/v1/nodes', headers: bearer('all') })
  assert.equal(other.status, 405)
  assert.equal(other.headers.allow, 'GET')
  check(description.paths['/v1/nodes'].get.responses[405].content['application/json'].schema, JSON.parse(other.text), '405')
  const ack = (status, more) =>
    call('post', '/v1/nodes/{name}/ack', status, { path: '/v1/nodes/guest/ack', token: 'edges', ...more })
  await ack(200, { body: { applied: head, log_id } })
  await ack(400, { body: {} })
  await ack(401, { token: null, body: {} })
  await ack(403, { token: 'all', body: {} })
  await ack(409, { body: { applied: head, log_id: 'another' } })
  await ack(413, { body: ' '.repeat(5000) })
  await ack(415, { headers: { 'Content-Type': 'text/plain' }, body: {} })
  const retire = (status, name, more) => call('delete', '/v1/nodes/{name}', status, { path: `/v1/nodes/${name}`, ...more })
  await retire(200, 'guest')
  await retire(401, 'guest', { token: null })
  await retire(403, 'guest', { token: 'deploy' })
  await retire(404, 'guest')
  await retire(409, 'edge-1')
})

test('verify', async () => {
  const asked = `/v1/verify?site=www&url=${encodeURIComponent('https://www.example.com/openapi')}`
  const found = await call('get', '/v1/verify', 200, { path: asked })
  assert.ok(found.nodes.some(node => node.node === 'edge-1' && node.stale === 0), JSON.stringify(found))
  await call('get', '/v1/verify', 400, { path: '/v1/verify?site=www' })
  await call('get', '/v1/verify', 401, { path: asked, token: null })
  await call('get', '/v1/verify', 403, { path: asked, token: 'edges' })
  const posted = await rig.send({ method: 'POST', path: asked, headers: bearer('all') })
  assert.equal(posted.status, 405)
  seen.add('GET /v1/verify 405')
  check(description.paths['/v1/verify'].get.responses[405].content['application/json'].schema, JSON.parse(posted.text), '405')
  const holding = { id: 'nobody', applied: 0, holds: 0, stale: 0, dead: 0, copies: [] }
  const tell = (status, more) =>
    call('post', '/v1/nodes/{name}/verify', status, { path: '/v1/nodes/guest/verify', token: 'edges', body: holding, ...more })
  await tell(404) // nobody waits for it; what an edge tells in time is in the answer above
  await tell(400, { body: {} })
  await tell(401, { token: null })
  await tell(403, { token: 'all' })
  await tell(413, { body: ' '.repeat((256 << 10) + 1) })
  await tell(415, { headers: { 'Content-Type': 'text/plain' } })
})

test('the log', async () => {
  await call('post', '/v1/purges', 202, { body: purge })
  const { responses } = description.paths['/v1/log'].get
  const lines = await new Promise((resolve, reject) => {
    const request = http.get(`${rig.api}/v1/log?node=openapi&after=0`, { headers: bearer('edges') }, answer => {
      let got = ''
      answer.on('data', piece => {
        got += piece
        const whole = got.split('\n')
        if (whole.some(line => line.includes('"seq"')) && whole.at(-2).startsWith('{"head"')) {
          request.destroy()
          resolve(whole.slice(0, -1).map(line => JSON.parse(line)))
        }
      })
      answer.on('error', reject)
    })
    request.on('error', reject)
  })
  for (const line of lines) check(responses[200].content['application/x-ndjson'].schema, line, 'a line of the log')
  assert.ok(lines[0].log_id)
  assert.ok(lines[1].purge)
  seen.add('GET /v1/log 200')
  await call('get', '/v1/log', 400, { path: '/v1/log?after=0', token: 'edges' })
  await call('get', '/v1/log', 401, { path: '/v1/log?after=0&node=a', token: null })
  await call('get', '/v1/log', 403, { path: '/v1/log?after=0&node=a' })
})

test('standing', async () => {
  const standing = await call('get', '/v1/standby', 200)
  assert.equal(standing.role, 'primary')
  await call('get', '/v1/standby', 401, { token: null })
  await call('get', '/v1/standby', 403, { token: 'edges' })
  const { term } = await call('post', '/v1/promote', 200)
  assert.equal(term, standing.term, 'it led already')
  await call('post', '/v1/promote', 401, { token: null })
  await call('post', '/v1/promote', 403, { token: 'deploy' })
})

test('no status that is described was left out', () => {
  const left = []
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      for (const status of Object.keys(responses)) {
        const what = `${method.toUpperCase()} ${path} ${status}`
        // For a log that cannot be written, or a server that goes down; for other engines of the log, or more processes; what edges do.
        const elsewhere = status === '503' || /(standby|promote) 40[49]$|POST .*verify 200$/.test(what)
        if (!elsewhere && !seen.has(what)) left.push(what)
      }
    }
  }
  assert.deepEqual(left, [])
})
