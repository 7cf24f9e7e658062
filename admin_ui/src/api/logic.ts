// The routes under /setup/logic and /setup/formula, typed.
import { call } from './client'

const enc = encodeURIComponent

export interface LogicKind {
  kind: string
  key: string
  label: string
  of_object: boolean
  components: number
  /** The permission that changing components of the kind takes. */
  needs: string
}

export interface LogicSummary {
  name: string
  id: string | null
  label: string
  object: string | null
  active: boolean
  package: string | null
  custom: boolean
}

export type LogicBody = Record<string, unknown>

export interface LogicProblem {
  path: string
  message: string
  errorCode: string
}

export interface FormulaCheck {
  kind: string | null
  fields: string[]
  problems: { message: string; line: number | null; column: number | null }[]
}

export const logicKinds = () => call<{ kinds: LogicKind[] }>('GET', '/setup/logic')
export const logicComponents = (kind: string) =>
  call<{ components: LogicSummary[] }>('GET', `/setup/logic/${enc(kind)}`)
export const logicBodies = (kind: string) =>
  call<{ components: (LogicSummary & { body: LogicBody })[] }>('GET', `/setup/logic/${enc(kind)}?bodies=true`)
export const logicComponent = (kind: string, name: string) =>
  call<LogicSummary & { body: LogicBody }>('GET', `/setup/logic/${enc(kind)}/${enc(name)}`)
export const saveLogic = (kind: string, name: string, body: LogicBody) =>
  call<void>('PUT', `/setup/logic/${enc(kind)}/${enc(name)}`, { body })
export const checkLogic = (kind: string, name: string, body: LogicBody) =>
  call<{ problems: LogicProblem[] }>('POST', `/setup/logic/${enc(kind)}/${enc(name)}/check`, { body })
export const deleteLogic = (kind: string, name: string) =>
  call<void>('DELETE', `/setup/logic/${enc(kind)}/${enc(name)}`)
export const turnLogic = (kind: string, name: string, active: boolean) =>
  call<void>('PUT', `/setup/logic/${enc(kind)}/${enc(name)}/active`, { body: { active } })

export const checkFormula = (object: string, formula: string) =>
  call<FormulaCheck>('POST', '/setup/formula/check', { body: { object, formula } })
export const tryFormula = (object: string, formula: string, recordId: string) =>
  call<{ value: unknown }>('POST', '/setup/formula/try', { body: { object, formula, record_id: recordId } })
