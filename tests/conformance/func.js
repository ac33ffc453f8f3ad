// The function of the conformance protocol (docs/conformance.md) on the Fn project's kit for Node.js.
'use strict'

const fs = require('fs')
const { Readable } = require('stream')
const fdk = require('@fnproject/fdk')

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

const pairs = headers => Object.entries(headers).flatMap(([name, values]) => values.map(value => [name, value]))

function context (ctx) {
  const gateway = ctx.httpGateway
  const direct = ctx.getHeader('Fn-Intent') !== 'httprequest'
  const url = new URL(gateway.requestURL || '/', 'http://localhost')
  const tracing = ctx.tracingContext
  const contentType = ctx.contentType
  const isText = text => typeof text === 'string' && text !== ''
  return {
    conformance: 1,
    gateway: !direct,
    callId: ctx.callID,
    deadline: ctx.deadline,
    contentType,
    mediaType: isText(contentType) ? contentType.split(';')[0].trim().toLowerCase() : null,
    method: gateway.method || 'POST',
    path: url.pathname,
    query: url.search.slice(1),
    headers: pairs(direct ? ctx.headers : gateway.headers),
    platform: pairs(ctx.headers),
    config: Object.fromEntries(Object.entries(ctx.config).filter(([name]) => name.startsWith('CONFORMANCE_'))),
    fnName: ctx.fnName ?? null,
    appName: ctx.appName ?? null,
    memory: ctx.memory,
    tracing: {
      enabled: tracing.isEnabled,
      traceId: tracing.traceId,
      spanId: tracing.spanId,
      parentSpanId: tracing.parentSpanId,
      sampled: tracing.sampled,
      serviceName: tracing.serviceName
    }
  }
}

function json (ctx, value) {
  ctx.responseContentType = 'application/json'
  return value
}

function * pieces (bytes, fails) {
  const piece = Buffer.alloc(64 * 1024, 'x')
  for (let left = bytes; left > 0; left -= piece.length) {
    if (fails && left <= bytes / 2) throw new Error('the source failed on purpose')
    yield left < piece.length ? piece.subarray(0, left) : piece
  }
}

async function handler (body, ctx) {
  const direct = ctx.getHeader('Fn-Intent') !== 'httprequest'
  const asked = direct ? ctx.getHeader('Conformance') : ctx.httpGateway.getHeader('Conformance')
  ctx.responseContentType = 'application/octet-stream'
  const echo = fdk.rawResult(body)
  if (asked == null) return echo
  const ask = JSON.parse(asked)
  switch (ask.do) {
    case 'text':
      return fdk.rawResult(new TextDecoder('utf-8', { fatal: true }).decode(body))
    case 'context':
      return json(ctx, context(ctx))
    case 'reply':
      if (!direct) ctx.httpGateway.statusCode = ask.status
      for (const [name, value] of ask.headers) {
        if (name.toLowerCase() === 'content-type') ctx.responseContentType = value
        else if (direct) ctx.addResponseHeader(name, value)
        else ctx.httpGateway.addResponseHeader(name, value)
      }
      return echo
    case 'fail':
      throw new Error('failed on purpose')
    case 'panic':
      if (ask.writing) ctx.setResponseHeader('X-Leak', 'leak')
      if (ask.late) await sleep(10)
      throw new Error('panic on purpose')
    case 'unserialisable': {
      const value = {}
      value.self = value
      return json(ctx, value)
    }
    case 'sleep':
      await sleep(ask.milliseconds)
      return fdk.rawResult('slept')
    case 'nothing':
      return null
    case 'ignore':
      return fdk.rawResult('ignored')
    case 'large':
      return fdk.rawResult(Buffer.alloc(ask.bytes, 'x'))
    case 'stream':
      return fdk.streamResult(Readable.from(pieces(ask.bytes, ask.fails)))
    case 'print':
      process.stdout.write(ask.line + '\n')
      process.stderr.write(ask.line + '\n')
      return echo
    case 'log':
      console.warn(ask.text)
      return echo
    case 'token':
      return fdk.rawResult(fs.readFileSync(process.env.OCI_RESOURCE_PRINCIPAL_RPST))
    default:
      return json(ctx, { cannot: `this kit has no way to do \`${ask.do}\`` })
  }
}

async function initialise (how) {
  if (how === 'fail') throw new Error('initialisation failed on purpose')
  if (how.startsWith('wait:')) while (!fs.existsSync(how.slice(5))) await sleep(10)
}

initialise(process.env.CONFORMANCE_INIT || '').then(() => fdk.handle(handler, { inputMode: 'buffer' }))
