import { afterEach, expect, test } from 'vitest'
import { ApiError, call, onSignedOut, setCsrfToken } from './client'

const real = globalThis.fetch

afterEach(() => {
  globalThis.fetch = real
  setCsrfToken(null)
})

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })
const REFUSALS = { INVALID_SESSION_ID: 401, SIGN_IN_INCOMPLETE: 403 }
type Refusal = keyof typeof REFUSALS
const refusal = (errorCode: Refusal = 'INVALID_SESSION_ID') => json([{ errorCode, message: '' }], REFUSALS[errorCode])

/** A session that is renewed by one request; its answer is on the way until it is let go. */
function renewingServer(errorCode?: Refusal) {
  const asked: string[] = []
  let isRenewed = false
  let letGo = () => {}
  globalThis.fetch = (async (path: string, { method }: RequestInit) => {
    asked.push(`${method} ${path}`)
    if (method === 'GET') return isRenewed ? json({ path }) : refusal(errorCode)
    await new Promise<void>((resolve) => (letGo = resolve))
    isRenewed = true
    return json({ csrf_token: 'new' })
  }) as typeof fetch
  return { asked, answer: () => letGo() }
}

test.each(Object.keys(REFUSALS) as Refusal[])('who is refused by %s while the session is renewed asks again', async (code) => {
  let signedOut = 0
  onSignedOut(() => (signedOut += 1))
  setCsrfToken('old')
  const server = renewingServer(code)

  const renewed = call('POST', '/renew', { renewsSession: true })
  const read = call('GET', '/read')
  await Promise.resolve()
  setTimeout(server.answer)

  expect(await read).toEqual({ path: '/read' })
  expect(await renewed).toEqual({ csrf_token: 'new' })
  expect(server.asked).toEqual(['POST /renew', 'GET /read', 'GET /read'])
  expect(signedOut).toBe(0)
})

test('whoever is refused while nothing is renewed is signed out', async () => {
  let signedOut = 0
  onSignedOut(() => (signedOut += 1))
  const server = renewingServer()

  await expect(call('GET', '/read')).rejects.toBeInstanceOf(ApiError)

  expect(server.asked).toEqual(['GET /read'])
  expect(signedOut).toBe(1)
})

test('a renewal that fails holds nobody up', async () => {
  let signedOut = 0
  onSignedOut(() => (signedOut += 1))
  globalThis.fetch = () => Promise.resolve(refusal())

  const answers = await Promise.allSettled([call('POST', '/renew', { renewsSession: true }), call('GET', '/read')])

  expect(answers.map((each) => each.status)).toEqual(['rejected', 'rejected'])
  expect(signedOut).toBe(2)
})
