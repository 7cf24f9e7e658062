// Whether a caller is who they say: questions to ask, answers heard. No answer of the server says what is known.
import { call } from './client'

export interface IdentityQuestions {
  name: string
  label: string
  /** So many answers are needed, all of them right. */
  required: number
  questions: { name: string; question: string }[]
  tries_left: number
  paused_until: string | null
}

export interface IdentityOutcome {
  passed: boolean
  id: string | null
  expires: string | null
  tries_left: number
  paused_until: string | null
}

const address = (object: string, id: string, check: string) =>
  `/services/data/v66.0/sobjects/${encodeURIComponent(object)}/${encodeURIComponent(id)}/identity-checks/${encodeURIComponent(check)}`

export const identityQuestions = (object: string, id: string, check: string) =>
  call<IdentityQuestions>('GET', address(object, id, check))

export const answerIdentityQuestions = (object: string, id: string, check: string, answers: Record<string, string>) =>
  call<IdentityOutcome>('POST', address(object, id, check), { body: { answers } })
