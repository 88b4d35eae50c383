// SPDX-License-Identifier: Apache-2.0
// curl: PURGE of a URL, and Selvage's own API.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import * as rig from './rig.mjs'

const run = promisify(execFile)
const www = path => `www.example.com${path}`

before(rig.start)
after(rig.stop)

/** Answers {status, text}. */
async function curl (...options) {
  const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', ...options])
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), text: stdout.slice(0, end) }
}
const purgeUrl = (url, ...options) =>
  curl('-X', 'PURGE', '--connect-to', `::127.0.0.1:${rig.apiPort}`, `http://${url}`, ...options)
const own = (path, ...options) => curl('-H', 'Authorization: Bearer all-secret', `${rig.api}${path}`, ...options)
const json = body => ['-H', 'Content-Type: application/json', '--data', JSON.stringify(body)]

test('curl -X PURGE of a URL', async () => {
  const [a, b] = [www(rig.fresh('a?x=1')), www(rig.fresh())]
  await rig.warm(a, b)
  const { status, text } = await purgeUrl(a, '-H', 'Fastly-Key: all-secret')
  assert.equal(status, 200, text)
  const { id } = JSON.parse(text)
  assert.equal(text, `{"status":"ok","id":"${id}"}`)
  await rig.appliedService(id)
  await rig.assertFetchedAnew(a)
  await rig.assertHit(b)
  const soft = await purgeUrl(b, '-H', 'Authorization: Bearer all-secret', '-H', 'Fastly-Soft-Purge: 1')
  await rig.appliedService(JSON.parse(soft.text).id)
  await rig.assertRevalidated(b)
})

test('curl -X PURGE that is refused', async () => {
  const url = www(rig.fresh())
  assert.equal((await purgeUrl(url)).status, 401)
  assert.equal((await purgeUrl(url, '-H', 'Fastly-Key: reader-secret')).status, 403)
  assert.equal((await purgeUrl('elsewhere.example.org/', '-H', 'Fastly-Key: all-secret')).status, 404)
})

test('each selector of /v1/purges', async () => {
  const path = rig.fresh()
  const cases = [
    [{ urls: [`https://${www(`${path}0`)}`] }, www(`${path}0`), www(`${path}00`)],
    [{ tags: ['v1'] }, www(`${path}?tag=v1`), www(`${path}?tag=v11`)],
    [{ prefixes: [www(`${path}2`)] }, www(`${path}2/x`), www(`${path}22`)],
    [{ hosts: ['d.img.example.com'] }, `d.img.example.com${path}`, `e.img.example.com${path}`],
    [{ wildcards: [www(`${path}/*.png`)] }, www(`${path}/x/y.png?z`), www(`${path}/x/y.jpg`)],
    [{ tags: ['V1'], ignore_case: true }, www(`${path}?tag=v1&again`), www(`${path}?tag=v2`)],
    [{ everything: true }, www(`${path}4`), `shop.example.com${path}`]
  ]
  for (const [selector, matched, other] of cases) {
    for (const soft of [false, true]) {
      await rig.warm(matched, other)
      const { status, text } = await own('/v1/purges?wait=20s', ...json({ site: 'www', soft, ...selector }))
      assert.equal(status, 200, text)
      assert.deepEqual(JSON.parse(text).pending, [])
      await (soft ? rig.assertRevalidated : rig.assertFetchedAnew)(matched)
      await rig.assertHit(other)
    }
  }
})

test('an answer and a refusal of /v1/purges, byte for byte', async () => {
  const good = await own('/v1/purges', ...json({ site: 'www', tags: ['none'] }))
  assert.equal(good.status, 202)
  assert.equal(good.text, `{"sequence":${await rig.head()}}\n`)
  const bad = await own('/v1/purges', ...json({ site: 'www' }))
  assert.equal(bad.status, 400)
  assert.deepEqual(Object.keys(JSON.parse(bad.text).error), ['code', 'message'])
})

test('the audit log tells what came through which API', async () => {
  const tag = `audit-${process.pid}`
  const zone = `${rig.api}/client/v4/zones/${rig.zone}/purge_cache`
  await curl('-X', 'POST', '-H', 'Fastly-Key: all-secret', `${rig.api}/service/${rig.service}/purge/${tag}`)
  await curl('-H', 'Authorization: Bearer all-secret', zone, ...json({ tags: [tag] }))
  await own('/v1/purges', ...json({ site: 'www', tags: [tag] }))
  for (const api of ['fastly', 'cloudflare', 'selvage']) {
    const line = await rig.audited(line => line.api === api && line.purges?.[0].tags?.[0] === tag)
    assert.equal(line.outcome, 'accepted')
    assert.equal(line.by, 'all')
    assert.equal(line.from, '127.0.0.1')
  }
  await curl('-H', 'Authorization: Bearer deploy-secret', `${zone}?${tag}`, ...json({}))
  const refused = await rig.audited(line => line.target?.endsWith(tag))
  assert.equal(refused.outcome, 'refused')
  assert.equal(refused.by, 'deploy')
  assert.equal(refused.status, 400)
})
