// SPDX-License-Identifier: Apache-2.0
// Cloudflare's own SDK, and its contract byte for byte.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as rig from './rig.mjs'

const { Cloudflare } = rig.require('cloudflare')
const client = (options = {}) =>
  new Cloudflare({ baseURL: `${rig.api}/client/v4`, apiToken: 'all-secret', maxRetries: 0, ...options })
const zone_id = rig.zone
const www = path => `www.example.com${path}`

before(rig.start)
after(rig.stop)

async function purge (body) {
  const { id } = await client().cache.purge({ zone_id, ...body })
  assert.match(id, /^[0-9a-f]{32}$/)
  return rig.appliedZone(id)
}

test('files: URLs as texts', async () => {
  const [a, b] = [www(rig.fresh()), www(rig.fresh())]
  await rig.warm(a, b)
  await purge({ files: [`https://${a}`] })
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

test('files: texts and objects in one list', async () => {
  const [a, b, c] = [www(rig.fresh()), www(rig.fresh()), www(rig.fresh())]
  await rig.warm(a, b, c)
  await purge({ files: [`https://${a}`, { url: `https://${b}` }] })
  await rig.assertFetchedAnew(a, b)
  await rig.assertHit(c)
})

test('files: with header fields, one variant alone', async () => {
  const url = www(rig.fresh('a?vary=CF-Device-Type'))
  const [desktop, mobile] = [{ 'CF-Device-Type': 'desktop' }, { 'CF-Device-Type': 'mobile' }]
  for (const headers of [desktop, mobile]) {
    await rig.get(url, headers)
    assert.deepEqual(await rig.get(url, headers), [])
  }
  await purge({ files: [{ url: `https://${url}`, headers: desktop }] })
  assert.deepEqual(await rig.get(url, mobile), [], 'the other variant is still a hit')
  assert.deepEqual(await rig.get(url, desktop), [{ url, conditional: false }])
  await purge({ files: [`https://${url}`] })
  for (const headers of [desktop, mobile]) assert.equal((await rig.get(url, headers)).length, 1)
})

test('tags', async () => {
  const path = rig.fresh()
  const [a, b] = [www(`${path}?tag=red,blue`), www(`${path}?tag=green`)]
  await rig.warm(a, b)
  await purge({ tags: ['BLUE', 'none'] }) // in any case
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

test('hosts', async () => {
  const path = rig.fresh()
  const [a, b] = [`a.img.example.com${path}`, `b.img.example.com${path}`]
  await rig.warm(a, b)
  await purge({ hosts: ['A.img.example.com'] })
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

test('prefixes, on a path segment', async () => {
  const path = rig.fresh('blog')
  const [a, b] = [www(`${path}/one?x=1`), www(`${path}s`)]
  await rig.warm(a, b)
  await purge({ prefixes: [www(path)] })
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

test('purge_everything, of the zone alone', async () => {
  const path = rig.fresh()
  const [a, b] = [www(path), `shop.example.com${path}`]
  await rig.warm(a, b)
  await purge({ purge_everything: true })
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

test('an environment is a site of its own', async () => {
  const path = rig.fresh()
  const [a, b] = [www(path), `shop.example.com${path}`]
  await rig.warm(a, b)
  const purged = await client().cache.purgeEnvironment(rig.environment, { zone_id, purge_everything: true })
  await rig.appliedZone(purged.id)
  await rig.assertFetchedAnew(b)
  await rig.assertHit(a)
  const stale = await client().cache.invalidateEnvironment(rig.environment, { zone_id, hosts: ['shop.example.com'] })
  await rig.appliedZone(stale.id)
  await rig.assertRevalidated(b)
})

test('invalidate: copies are revalidated', async () => {
  const path = rig.fresh()
  const bodies = [{ files: [`https://${www(`${path}0`)}`] }, { tags: ['soft1'] }, { hosts: ['c.img.example.com'] },
    { prefixes: [www(`${path}3`)] }, { purge_everything: true }]
  const urls = [www(`${path}0`), www(`${path}1?tag=soft1`), `c.img.example.com${path}`, www(`${path}3/x`), www(`${path}4`)]
  for (const [i, body] of bodies.entries()) {
    await rig.warm(urls[i])
    const { id } = await client().cache.invalidate({ zone_id, ...body })
    await rig.appliedZone(id)
    await rig.assertRevalidated(urls[i])
  }
})

test('several selectors in one body', async () => {
  const path = rig.fresh()
  const [a, b, c, d] = [www(path), www(`${path}?tag=batch`), www(`${path}/x/y`), www(`${path}-z`)]
  await rig.warm(a, b, c, d)
  await purge({ files: [`https://${a}`], tags: ['batch'], prefixes: [www(`${path}/x`)] })
  await rig.assertFetchedAnew(a, b, c)
  await rig.assertHit(d)
})

test('the older ways to say who asks', async () => {
  for (const options of [{ apiToken: null, apiKey: 'all-secret', apiEmail: 'a@example.com' },
    { apiToken: null, userServiceKey: 'all-secret' }]) {
    const { id } = await client(options).cache.purge({ zone_id, tags: ['none'] })
    assert.match(id, /^[0-9a-f]{32}$/)
  }
})

const errorOf = promise => promise.then(() => assert.fail('it was not refused'), error => error)

test('refusals are the errors that the SDK knows', async () => {
  const cases = [
    [client({ apiToken: 'guess' }), { tags: ['a'] }, 'AuthenticationError', 401, 10000],
    [client({ apiToken: 'reader-secret' }), { tags: ['a'] }, 'PermissionDeniedError', 403, 9109],
    [client({ apiToken: 'deploy-secret' }), { zone_id: rig.limitedZone, tags: ['a'] }, 'PermissionDeniedError', 403, 1095],
    [client(), { zone_id: 'none', tags: ['a'] }, 'NotFoundError', 404, 7003],
    [client(), {}, 'BadRequestError', 400, 1012],
    [client(), { tags: 'a' }, 'BadRequestError', 400, 1014],
    [client(), { purge_everything: false }, 'BadRequestError', 400, 1013],
    [client(), { purge_everything: true, tags: ['a'] }, 'BadRequestError', 400, 1092],
    [client(), { files: ['/a'] }, 'BadRequestError', 400, 1015],
    [client(), { tags: Array(101).fill('a') }, 'BadRequestError', 400, 1101],
    [client(), { files: Array(501).fill('https://www.example.com/') }, 'BadRequestError', 400, 1094]
  ]
  const before = await rig.head()
  for (const [who, body, name, status, code] of cases) {
    const error = await errorOf(who.cache.purge({ zone_id, ...body }))
    assert.equal(error.constructor.name, name)
    assert.equal(error.status, status)
    assert.equal(error.errors[0].code, code)
  }
  assert.equal(await rig.head(), before, 'nothing got into the log')
})

test('past the rate: 429 with Retry-After, and the SDK comes back', async () => {
  const body = { zone_id: rig.limitedZone, tags: ['none'] }
  let error
  for (let i = 0; error === undefined && i < 200; ++i) {
    await client().cache.purge(body).catch(thrown => { error = thrown })
  }
  assert.equal(error.constructor.name, 'RateLimitError')
  assert.equal(error.errors[0].code, 1102)
  assert.equal(error.headers.get('retry-after'), '1')
  assert.match(error.headers.get('ratelimit'), /^"default";r=0;t=\d+$/)
  assert.equal(error.headers.get('ratelimit-policy'), '"burst";q=60;w=60')
  const { id } = await client({ maxRetries: 2 }).cache.purge(body)
  assert.match(id, /^[0-9a-f]{32}$/)
})

test('byte for byte', async () => {
  const headers = { Authorization: 'Bearer all-secret', 'Content-Type': 'application/json' }
  const path = `/client/v4/zones/${zone_id}/purge_cache`
  const good = await rig.send({ method: 'POST', path, headers, body: '{"tags":["none"]}' })
  const id = JSON.parse(good.text).result.id
  assert.equal(good.text, `{"success":true,"errors":[],"messages":[],"result":{"id":"${id}"}}`)
  assert.equal(good.headers['content-type'], 'application/json')
  assert.match(good.headers.ratelimit, /^"default";r=\d+;t=\d+$/)
  const bad = await rig.send({ method: 'POST', path, headers, body: '{}' })
  assert.equal(bad.status, 400)
  assert.equal(bad.text, '{"success":false,"errors":[{"code":1012,"message":"Request must contain one of ' +
    '\\"purge_everything\\", \\"files\\", \\"tags\\", \\"hosts\\" or \\"prefixes\\""}],"messages":[],"result":null}')
  const old = await rig.send({ method: 'DELETE', path, headers, body: '{"purge_everything":true}' })
  assert.equal(old.status, 200, old.text)
  const other = await rig.send({ method: 'GET', path, headers })
  assert.equal(other.status, 405)
  assert.equal(other.headers.allow, 'POST, DELETE')
  assert.equal(JSON.parse(other.text).errors[0].code, 7001)
})
