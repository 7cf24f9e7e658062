// What was wrong with a row, read from the text that result files have: "CODE:message:Field OtherField --".
import type { Import } from '../api/imports'

export interface RowProblem {
  /** None where the text has another form. */
  code: string | null
  message: string
  fields: string[]
}

const ENTRY = /([A-Z][A-Z0-9_]*):([\s\S]*?):([\w. ]*) --/g

export function rowProblems(error: string): RowProblem[] {
  const found = [...error.matchAll(ENTRY)].map(([, code = '', message = '', fields = '']) => ({
    code,
    message,
    fields: fields.split(' ').filter(Boolean),
  }))
  return found.length > 0 ? found : [{ code: null, message: error, fields: [] }]
}

/** The file's columns that the fields of a row's problems were filled from. */
export function columnsAtFault({ mapping }: Pick<Import, 'mapping'>, error: string): Set<string> {
  const wrong = new Set(rowProblems(error).flatMap((each) => each.fields))
  const isWrong = (target: string) => {
    const [relation, key] = target.split(':').at(-1)?.split('.') ?? []
    return wrong.has(target) || (key !== undefined && (wrong.has(`${relation}Id`) || wrong.has(relation ?? '')))
  }
  const columns = Object.entries(mapping?.columns ?? {})
  return new Set(columns.filter(([, to]) => isWrong(typeof to === 'string' ? to : to.field)).map(([name]) => name))
}
