// SPDX-License-Identifier: Apache-2.0
// Fastly's own client, and its contract byte for byte.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as rig from './rig.mjs'

const Fastly = rig.require('fastly')
const service_id = rig.service
const www = path => `www.example.com${path}`

// Its purge methods insist on api.fastly.com: only a client of one's own that builds other URLs leads elsewhere.
class Client extends Fastly.ApiClient {
  buildUrl (path, parameters, reserved) {
    return super.buildUrl(path, parameters, reserved, rig.api)
  }
}

function purges (token = 'all-secret') {
  const client = new Client()
  client.authenticate(token)
  return new Fastly.PurgeApi(client)
}

before(rig.start)
after(rig.stop)

const idForm = /^\d+-\d{10}-\d+$/

test('a key', async () => {
  const path = rig.fresh()
  const [a, b] = [www(`${path}?tag=one,two`), www(`${path}?tag=three`)]
  await rig.warm(a, b)
  const { data, response } = await purges().purgeTagWithHttpInfo({ service_id, surrogate_key: 'two' })
  assert.equal(data.status, 'ok')
  assert.match(data.id, idForm)
  assert.equal(response.headers['fastly-surrogate-key-count'], '1')
  assert.match(response.headers['fastly-instant-rate'], /^\d+$/)
  await rig.appliedService(data.id)
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

test('a key with all that a path can have', async () => {
  const { id } = await purges().purgeTag({ service_id, surrogate_key: 'https://a/b?c=d' })
  assert.deepEqual((await rig.appliedService(id)).purge.tags, ['https://a/b?c=d'])
})

test('soft', async () => {
  const path = rig.fresh()
  const [a, b] = [www(`${path}?tag=soft`), www(path)]
  await rig.warm(a, b)
  const { id } = await purges().purgeTag({ service_id, surrogate_key: 'soft', fastly_soft_purge: 1 })
  await rig.appliedService(id)
  await rig.assertRevalidated(a)
  const url = await purges().purgeSingleUrl({ cached_url: `https://${b}`, fastly_soft_purge: 1 })
  await rig.appliedService(url.id)
  await rig.assertRevalidated(b)
})

test('several keys: in the body and in the header', async () => {
  const path = rig.fresh()
  const [a, b, c] = [www(`${path}?tag=k1`), www(`${path}?tag=k2`), www(`${path}?tag=k3`)]
  for (const how of [{ purge_response: { surrogate_keys: ['k1', 'k2'] } }, { surrogate_key: 'k1 k2' }]) {
    await rig.warm(a, b, c)
    const ids = await purges().bulkPurgeTag({ service_id, ...how })
    assert.deepEqual(Object.keys(ids), ['k1', 'k2'])
    assert.notEqual(ids.k1, ids.k2)
    for (const id of Object.values(ids)) {
      assert.match(id, idForm)
      await rig.appliedService(id)
    }
    await rig.assertFetchedAnew(a, b)
    await rig.assertHit(c)
  }
})

test('a URL, with and without its scheme', async () => {
  const path = rig.fresh()
  const [a, b] = [www(`${path}?x=1`), www(`${path}?x=2`)]
  for (const cached_url of [`https://${a}`, `http://${a}`, a]) {
    await rig.warm(a, b)
    const { status, id } = await purges().purgeSingleUrl({ cached_url })
    assert.equal(status, 'ok')
    await rig.appliedService(id)
    await rig.assertFetchedAnew(a)
    await rig.assertHit(b)
  }
})

test('all of a service', async () => {
  const path = rig.fresh()
  const [a, b] = [www(path), `shop.example.com${path}`]
  await rig.warm(a, b)
  const { data, response } = await purges().purgeAllWithHttpInfo({ service_id })
  assert.equal(response.text, '{"status":"ok"}')
  assert.equal(data.status, 'ok')
  assert.match(response.headers['fastly-ratelimit-remaining'], /^\d+$/)
  assert.match(response.headers['fastly-ratelimit-reset'], /^\d{10}$/)
  assert.equal(response.headers['cache-control'], 'no-store')
  await rig.applied(await rig.head())
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
})

const errorOf = promise => promise.then(() => assert.fail('it was not refused'), error => error)

test('refusals', async () => {
  const cases = [
    [() => purges('guess').purgeTag({ service_id, surrogate_key: 'a' }), 401, 'Provided credentials are missing or invalid'],
    [() => purges('reader-secret').purgeTag({ service_id, surrogate_key: 'a' }), 403, 'You are not authorized to perform this action'],
    [() => purges('deploy-secret').purgeAll({ service_id: 'shop1' }), 403, 'You are not authorized to perform this action'],
    [() => purges().purgeTag({ service_id: 'none', surrogate_key: 'a' }), 404, 'Record not found'],
    [() => purges().purgeSingleUrl({ cached_url: 'elsewhere.example.org/' }), 404, 'Record not found'],
    [() => purges().bulkPurgeTag({ service_id }), 400, 'Bad request'],
    [() => purges().bulkPurgeTag({ service_id, purge_response: { surrogate_keys: Array.from({ length: 257 }, (_, i) => `k${i}`) } }),
      400, 'Bad request']
  ]
  const before = await rig.head()
  for (const [call, status, msg] of cases) {
    const error = await errorOf(call())
    assert.equal(error.status, status)
    assert.deepEqual(Object.keys(error.body), ['msg', 'detail'])
    assert.equal(error.body.msg, msg)
  }
  assert.equal(await rig.head(), before, 'nothing got into the log')
})

test('past the rate of purge_all', async () => {
  let error
  for (let i = 0; error === undefined && i < 20; ++i) {
    await purges().purgeAll({ service_id: 'shop1' }).catch(thrown => { error = thrown })
  }
  assert.equal(error.status, 429)
  assert.equal(error.body.msg, 'Rate limit exceeded')
  assert.match(error.response.headers['retry-after'], /^[12]$/)
  assert.equal(error.response.headers['fastly-ratelimit-remaining'], '0')
})

test('byte for byte', async () => {
  const headers = { 'Fastly-Key': 'all-secret' }
  const one = await rig.send({ method: 'POST', path: `/service/${service_id}/purge/none`, headers })
  assert.equal(one.text, `{"status":"ok","id":"${JSON.parse(one.text).id}"}`)
  const both = await rig.send({
    method: 'POST', path: `/service/${service_id}/purge`, headers: { ...headers, 'Surrogate-Key': ['foo', 'bar foo'] }
  })
  const { foo, bar } = JSON.parse(both.text)
  assert.equal(both.text, `{"foo":"${foo}","bar":"${bar}"}`)
  assert.equal(both.headers['content-type'], 'application/json')
  const soft = await rig.send({
    method: 'POST', path: `/service/${service_id}/purge_all`, headers: { ...headers, 'Fastly-Soft-Purge': '1' }
  })
  assert.equal(soft.status, 400)
})
