// SPDX-License-Identifier: Apache-2.0
// As much of fetch() as the suite's client calls, over one HTTP/2 connection.
import http2 from 'node:http2'

// What HTTP/2 forbids in a message (RFC 9113 8.2.2): requests drop it, responses must not have it.
const CONNECTION_SPECIFIC = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

class Headers {
  constructor (raw) {
    this.values = new Map()
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i].toLowerCase()
      if (name.startsWith(':')) continue
      if (CONNECTION_SPECIFIC.has(name)) throw new Error(`the response has ${name}, which HTTP/2 forbids`)
      this.values.set(name, this.values.has(name) ? `${this.values.get(name)}, ${raw[i + 1]}` : raw[i + 1])
    }
  }

  get (name) { return this.values.get(name.toLowerCase()) ?? null }
  has (name) { return this.values.has(name.toLowerCase()) }
  forEach (call) { this.values.forEach((value, name) => call(value, name)) }
  [Symbol.iterator] () { return this.values[Symbol.iterator]() }
}

function requestHeaders (url, init) {
  const headers = { ':method': init.method ?? 'GET', ':path': url.pathname + url.search, accept: '*/*' }
  for (const [name, value] of init.headers ?? []) {
    const key = name.toLowerCase()
    if (CONNECTION_SPECIFIC.has(key)) continue
    const text = value.trim() // white space around a value is not part of it (RFC 9110 5.5)
    headers[key] = key in headers && key !== 'accept' ? [headers[key], text].flat() : text
  }
  return headers
}

export function connect (base, ca) {
  const session = http2.connect(base, { ca })
  const fetch = (address, init = {}) => new Promise((resolve, reject) => {
    const body = init.body === undefined ? undefined : Buffer.from(init.body)
    const stream = session.request(requestHeaders(new URL(address), init), { endStream: body === undefined })
    const chunks = []
    let head
    stream.on('response', (headers, flags, raw) => {
      try {
        head = { status: headers[':status'], statusText: '', headers: new Headers(raw) }
      } catch (error) {
        reject(error)
      }
    })
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      if (head === undefined) return reject(new Error('the stream ended without a response'))
      resolve({ ...head, text: async () => Buffer.concat(chunks).toString() })
    })
    stream.on('close', () => reject(new Error('the stream was closed')))
    if (body !== undefined) stream.end(body)
  })
  return { fetch, close: () => session.close() }
}
