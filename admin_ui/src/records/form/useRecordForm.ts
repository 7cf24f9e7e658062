// The state of one form: what is typed, the names of chosen records, and what is wrong with it.
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/client'
import type { FieldJson, Labels, ObjectDescribe, RecordType, Section, Values } from '../../api/types'
import { useErrorText } from '../../frame/useErrorText'
import { changeValue } from '../picklists'
import {
  changedValues,
  componentsOf,
  NO_ERRORS,
  hasErrors,
  missingRequired,
  placeProblems,
  type FormErrors,
} from './formState'

export interface RecordForm {
  values: Values
  labels: Labels
  errors: FormErrors
  isDirty: boolean
  set: (name: string, value: FieldJson, label?: string) => void
  replace: (values: Values, base?: Values) => void
  changed: () => Values
  check: () => boolean
  fail: (error: unknown) => void
  clearErrors: () => void
}

interface Options {
  describe: ObjectDescribe
  recordType: RecordType | null
  base: Values
  baseLabels: Labels
  initial?: Values
  sections: Section[]
}

export function useRecordForm({
  describe,
  recordType,
  base: given,
  baseLabels,
  initial,
  sections,
}: Options): RecordForm {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [base, setBase] = useState(given)
  const [values, setValues] = useState(initial ?? given)
  const [labels, setLabels] = useState(baseLabels)
  const [errors, setErrors] = useState<FormErrors>(NO_ERRORS)
  const shown = useMemo(() => shownFields(describe, sections), [describe, sections])
  const start = useMemo(() => initial ?? base, [initial, base])

  const set = useCallback(
    (name: string, value: FieldJson, label?: string) => {
      setValues((current) => changeValue(describe, current, name, value, recordType))
      if (label !== undefined) setLabels((current) => ({ ...current, [name]: label }))
      setErrors((current) => {
        if (current.byField[name] === undefined) return current
        const { [name]: _, ...byField } = current.byField
        return { ...current, byField }
      })
    },
    [describe, recordType],
  )

  const replace = useCallback((next: Values, newBase?: Values) => {
    setValues(next)
    if (newBase !== undefined) setBase(newBase)
  }, [])

  const show = (found: FormErrors) => {
    setErrors(found)
    if (hasErrors(found)) focusFirstError()
  }

  return {
    values,
    labels,
    errors,
    isDirty: Object.keys(changedValues(start, values)).length > 0,
    set,
    replace,
    changed: () => changedValues(base, values),
    check: () => {
      const found = missingRequired(describe, shown, values, t('form.missing'))
      show(found)
      return !hasErrors(found)
    },
    fail: (error) => {
      // The sign-in stands over the page by now; afterwards the form is as it was.
      if (error instanceof ApiError && error.isSignedOut) return
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.problems.length > 0) {
        show(placeProblems(describe, error.problems, shown))
      } else {
        show({ byField: {}, general: [errorText(error)] })
      }
    },
    clearErrors: () => setErrors(NO_ERRORS),
  }
}

function shownFields(describe: ObjectDescribe, sections: Section[]): Set<string> {
  const names = sections.flatMap((section) => section.fields)
  const parts = names.flatMap((name) => {
    const field = describe.fields[name]
    return field === undefined ? [] : componentsOf(describe, field).map((part) => part.name)
  })
  return new Set([...names, ...parts])
}

function focusFirstError(): void {
  requestAnimationFrame(() => {
    const wrong = document.querySelector<HTMLElement>('.field-wrong input, .field-wrong textarea, .form-problems')
    wrong?.focus()
    wrong?.scrollIntoView({ block: 'center', behavior: 'smooth' })
  })
}
