// A form of Setup: its values, the errors beside their fields, and one way to send it.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/client'
import { useErrorText } from '../frame/useErrorText'

export interface Draft<T> {
  values: T
  set: <K extends keyof T>(key: K, value: T[K]) => void
  replace: (values: T) => void
  errorsOf: (key: keyof T) => string[] | undefined
  general: string[]
  isBusy: boolean
  /** Checks what is required, sends, and puts refusals where they belong. Answers whether it went through. */
  submit: (required: (keyof T)[], send: () => Promise<void>) => Promise<boolean>
}

export function useDraft<T extends object>(initial: T): Draft<T> {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [values, setValues] = useState(initial)
  const [errors, setErrors] = useState<Record<string, string[]>>({})
  const [general, setGeneral] = useState<string[]>([])
  const [isBusy, setBusy] = useState(false)

  function place(error: unknown) {
    if (error instanceof ApiError && error.isSignedOut) return
    if (!(error instanceof ApiError) || error.status >= 500 || error.isOffline) return setGeneral([errorText(error)])
    const byField: Record<string, string[]> = {}
    const rest: string[] = []
    for (const problem of error.problems) {
      const fields = (problem.fields ?? []).filter((name) => name in values)
      for (const name of fields) (byField[name] ??= []).push(problem.message)
      if (fields.length === 0) rest.push([...(problem.fields ?? []), problem.message].join(': '))
    }
    setErrors(byField)
    setGeneral(rest)
  }

  return {
    values,
    set: (key, value) => {
      setValues((current) => ({ ...current, [key]: value }))
      setErrors(({ [String(key)]: _, ...others }) => others)
    },
    replace: setValues,
    errorsOf: (key) => errors[String(key)],
    general,
    isBusy,
    submit: async (required, send) => {
      const isBlank = (key: keyof T) => values[key] === '' || values[key] === null || values[key] === undefined
      const missing = required.filter(isBlank).map((key): [string, string[]] => [String(key), [t('form.missing')]])
      setErrors(Object.fromEntries(missing))
      setGeneral([])
      if (missing.length > 0) return false
      setBusy(true)
      try {
        await send()
        return true
      } catch (error) {
        place(error)
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}
