// One request to the server: the cookie says who asks, the CSRF token that it was us; errors arrive as one type.
import type { Problem } from './types'

export class ApiError extends Error {
  readonly status: number
  readonly problems: Problem[]

  constructor(status: number, problems: Problem[]) {
    super(problems.map((problem) => problem.message).join(' ') || `HTTP ${status}`)
    this.name = 'ApiError'
    this.status = status
    this.problems = problems
  }

  get isOffline(): boolean {
    return this.status === 0
  }

  get isSignedOut(): boolean {
    return this.status === 401
  }

  get isForbidden(): boolean {
    return this.status === 403
  }

  get isNotFound(): boolean {
    return this.status === 404
  }

  get isStale(): boolean {
    return this.status === 412
  }
}

export type Query = Record<string, string | number | string[] | null | undefined>

interface RequestOptions {
  body?: unknown
  /** JSON that is sent to the letter. */
  rawBody?: string
  query?: Query
  /** The version that the caller has read; the server refuses to overwrite a newer one. */
  version?: number
  /** Somebody has seen the duplicates and saves all the same. */
  allowDuplicates?: boolean
  /** The answer brings the session a new cookie, and the token that goes with it. */
  renewsSession?: boolean
  signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

let csrfToken: string | null = null
/** The newest request that renews the session, until its answer is here. */
let renewal: Promise<unknown> = Promise.resolve()
let signedOut: (() => void) | null = null
let verifier: (() => Promise<boolean>) | null = null

export function setCsrfToken(token: string | null): void {
  csrfToken = token
}

/** What a request that is not made here needs to be taken as ours. */
export function csrfHeader(): Record<string, string> {
  return csrfToken === null ? {} : { 'X-CSRF-Token': csrfToken }
}

/** Called whenever the server no longer knows our session. */
export function onSignedOut(listener: () => void): () => void {
  signedOut = listener
  return () => {
    signedOut = null
  }
}

/** Asks who is there before a dangerous act; answers whether it was shown, and the act is tried again. */
export function onVerificationNeeded(asker: () => Promise<boolean>): () => void {
  verifier = asker
  return () => {
    verifier = null
  }
}

export async function call<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(method, path, options)
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

export async function callForText(method: Method, path: string, options: RequestOptions = {}): Promise<string> {
  return (await send(method, path, options)).text()
}

/** `onReceived` hears how many bytes there are: a long file comes for minutes, and nobody knows how long it will be. */
export async function callForFile(
  method: Method,
  path: string,
  options: RequestOptions = {},
  onReceived: (bytes: number) => void = () => undefined,
): Promise<Blob> {
  const response = await send(method, path, options)
  let bytes = 0
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, onward) {
      bytes += piece.byteLength
      onReceived(bytes)
      onward.enqueue(piece)
    },
  })
  try {
    return await new Response(response.body?.pipeThrough(counted), { headers: response.headers }).blob()
  } catch (failure) {
    throw asOffline(failure)
  }
}

async function send(method: Method, path: string, options: RequestOptions, isAgain = false): Promise<Response> {
  const token = csrfToken
  const response = await (options.renewsSession ? renewing(method, path, options) : fetched(method, path, options))
  if (response.ok) return response

  const error = new ApiError(response.status, await problemsOf(response))
  const code = error.problems[0]?.errorCode
  if (!isAgain && (await isWorthAnother(code, token))) return send(method, path, options, true)
  if (error.isSignedOut && code !== 'INVALID_LOGIN') signedOut?.()
  if (code === 'SIGN_IN_INCOMPLETE' && path !== BOOTSTRAP) signedOut?.()
  throw error
}

async function fetched(method: Method, path: string, options: RequestOptions): Promise<Response> {
  try {
    return await fetch(path + queryText(options.query), {
      method,
      headers: headersOf(method, options),
      credentials: 'same-origin',
      body: options.rawBody ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      signal: options.signal,
    })
  } catch (failure) {
    throw asOffline(failure)
  }
}

async function renewing(method: Method, path: string, options: RequestOptions): Promise<Response> {
  const answered = fetched(method, path, options).then(async (response) => {
    if (response.ok) setCsrfToken(((await response.clone().json()) as { csrf_token: string }).csrf_token)
    return response
  })
  renewal = answered.catch(() => undefined)
  return answered
}

/** Whoever broke it off knows; all else that breaks off is the network. */
function asOffline(failure: unknown): unknown {
  if (failure instanceof DOMException && failure.name === 'AbortError') return failure
  return new ApiError(0, [{ message: '', errorCode: 'OFFLINE' }])
}

const BOOTSTRAP = '/ui/bootstrap'

function headersOf(method: Method, options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (options.body !== undefined || options.rawBody !== undefined) headers['Content-Type'] = 'application/json'
  if (options.version !== undefined) headers['If-Match'] = `"${options.version}"`
  if (options.allowDuplicates) headers['Sforce-Duplicate-Rule-Header'] = 'allowSave=true'
  if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken
  return headers
}

/** Whether the same request may do now: the session has a new token, or its user has shown who it is. */
async function isWorthAnother(code: string | undefined, token: string | null): Promise<boolean> {
  if (code === 'VERIFICATION_REQUIRED') return verifier !== null && (await verifier())
  if (code === 'INVALID_SESSION_ID' || code === 'SIGN_IN_INCOMPLETE') {
    // While a session is renewed its old cookie is refused, maybe before the answer that brings the new one is here.
    await renewal
    return token !== csrfToken
  }
  if (code !== 'INVALID_CSRF_TOKEN') return false
  // Another tab has renewed the session: the cookie is new, the page's token is not.
  const answer = await call<{ csrf_token: string }>('GET', '/ui/verify')
  setCsrfToken(answer.csrf_token)
  return answer.csrf_token !== token
}

async function problemsOf(response: Response): Promise<Problem[]> {
  return problemsIn(await response.text().catch(() => ''), response.status)
}

/** What an answer that refuses says is wrong. */
export function problemsIn(text: string, status: number): Problem[] {
  try {
    const body: unknown = JSON.parse(text)
    if (Array.isArray(body)) return body as Problem[]
    // A framework's own refusal ({"detail": …}) is no array; its text is still better than none.
    if (typeof body === 'object' && body !== null && 'detail' in body) {
      return [{ message: textOf(body.detail), errorCode: `HTTP_${status}` }]
    }
  } catch {
    // No JSON at all: the status has to do.
  }
  return [{ message: `HTTP ${status}`, errorCode: `HTTP_${status}` }]
}

function textOf(detail: unknown): string {
  return typeof detail === 'string' ? detail : JSON.stringify(detail)
}

export function queryText(query: Query | undefined): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined || value === '') continue
    for (const item of Array.isArray(value) ? value : [value]) search.append(key, String(item))
  }
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

/** A definition leaves out what it does not set: its schema knows no null. */
export function withoutNulls<T extends object>(definition: T): Partial<T> {
  const entries = Object.entries(definition).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(entries) as Partial<T>
}
