// A component's body as YAML text: read, checked by the server a moment after the last key, and what is wrong with it.
import { useEffect, useRef, useState } from 'react'
import { parse, stringify, YAMLParseError } from 'yaml'
import { checkLogic, type LogicBody, type LogicProblem } from '../../api/logic'

const PAUSE = 500

export interface BodyText {
  text: string
  setText: (text: string) => void
  body: LogicBody | null
  problems: LogicProblem[]
  isChecking: boolean
}

export function bodyOf(text: string): LogicBody {
  const value: unknown = parse(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('map')
  return value as LogicBody
}

export const textOf = (body: LogicBody) => stringify(body, { lineWidth: 100 })

export function useBodyText(kind: string, name: string, start: string, mapNeeded: string): BodyText {
  const [text, setText] = useState(start)
  const [problems, setProblems] = useState<LogicProblem[]>([])
  const [isChecking, setChecking] = useState(false)
  const turn = useRef(0)
  let body: LogicBody | null = null
  let syntax: string | null = null
  try {
    body = bodyOf(text)
  } catch (error) {
    syntax = error instanceof YAMLParseError ? error.message : mapNeeded
  }
  useEffect(() => {
    const mine = ++turn.current
    if (syntax !== null || body === null) {
      setProblems(syntax === null ? [] : [{ path: '', message: syntax, errorCode: 'YAML_SYNTAX' }])
      return
    }
    const sent = body
    const timer = setTimeout(() => {
      setChecking(true)
      checkLogic(kind, name === '' ? 'Unnamed' : name, sent)
        .then((answer) => mine === turn.current && setProblems(answer.problems))
        .catch(() => undefined) // saving will say it
        .finally(() => mine === turn.current && setChecking(false))
    }, PAUSE)
    return () => clearTimeout(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [text, kind, name])
  return { text, setText, body, problems, isChecking }
}
