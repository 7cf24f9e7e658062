// What objects and fields are called in the user's language, also those whose records the auditor may not read.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { call } from '../api/client'
import type { ListRecord } from '../api/types'

const DEFINITION = 5 * 60_000
const OBJECT = 'ObjectName'

interface Labels {
  objects: Record<string, { label: string; fields: Record<string, string> } | undefined>
}

export interface Words {
  object: (name: string) => string
  field: (object: string, name: string) => string
}

export function useLabels(records: readonly ListRecord[]): Words {
  return useWords(records.map((record) => record.values[OBJECT]))
}

/** The same, of objects by name; what is no name is passed over. */
export function useWords(given: readonly unknown[]): Words {
  const { i18n } = useTranslation()
  const names = [...new Set(given)]
  const objects = names.filter((name): name is string => typeof name === 'string' && name !== '').sort()
  const { data } = useQuery({
    queryKey: ['labels', objects, i18n.language],
    queryFn: () => call<Labels>('GET', '/ui/labels', { query: { object: objects, language: i18n.language } }),
    staleTime: DEFINITION,
    enabled: objects.length > 0,
    placeholderData: (previous) => previous,
  })
  return {
    object: (name) => data?.objects[name]?.label ?? name,
    field: (object, name) => data?.objects[object]?.fields[name] ?? name,
  }
}
