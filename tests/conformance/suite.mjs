// SPDX-License-Identifier: Apache-2.0
// Runs the suite's tests through the cache at a base URL: suite.mjs PACKAGE BASE (http1 | http2) CA_FILE [TEST_ID]
// Prints JSON: for each test its category, kind, name and result (true, or the error's name and text).
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { connect } from './http2_fetch.mjs'

const [packageFolder, base, protocol, caFile, only] = process.argv.slice(2)
const load = file => import(pathToFileURL(path.join(packageFolder, file)))

const { default: categories } = await load('tests/index.mjs')
const { runTests, getResults } = await load('client/runner.mjs')

let fetch
let close = () => {}
if (protocol === 'http2') {
  ({ fetch, close } = connect(base, fs.readFileSync(caFile)))
} else {
  fetch = createRequire(path.join(packageFolder, 'package.json'))('node-fetch')
}

const chosen = categories.map(category => ({
  ...category,
  tests: category.tests.filter(test => test.browser_only !== true && (only === undefined || test.id === only))
}))
if (only !== undefined) chosen.forEach(category => category.tests.forEach(test => { test.dump = true }))
const log = console.log
console.log = console.error // what the suite has to say of a test's messages
await runTests(chosen, fetch, false, base)
close()

const results = getResults()
const lines = chosen.flatMap(category => category.tests.map(test => ({
  category: category.id,
  id: test.id,
  kind: test.kind ?? 'required',
  name: test.name,
  result: results[test.id]
})))
log(JSON.stringify(lines))
