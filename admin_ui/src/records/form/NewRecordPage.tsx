// A new record: its type first where there are several, then the form; values may come with the address.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams, useSearchParams } from 'react-router'
import { useDescribe } from '../../api/queries'
import type { ObjectDescribe, Values } from '../../api/types'
import { EmptyState, ErrorState, PageSkeleton } from '../../frame/states'
import { defaultRecordType, findRecordType } from '../picklists'
import { NewRecordForm } from './NewRecordForm'

export function NewRecordPage() {
  const { object } = useParams()
  const { t } = useTranslation()
  const describe = useDescribe(object)
  if (describe.error) return <ErrorState error={describe.error} onRetry={() => void describe.refetch()} />
  if (describe.data === undefined) return <PageSkeleton />
  if (!describe.data.permissions.create)
    return <EmptyState title={t('form.mayNotCreate', { object: describe.data.label })} />
  return <NewRecord key={object} describe={describe.data} />
}

function NewRecord({ describe }: { describe: ObjectDescribe }) {
  const [search, setSearch] = useSearchParams()
  const asked = findRecordType(describe, search.get('recordType')) ?? defaultRecordType(describe)
  const [kept, setKept] = useState<Values>(() => prefilled(search.get('values')))

  return (
    <NewRecordForm
      // Another record type is another form; what was typed goes along.
      key={asked?.id ?? 'none'}
      describe={describe}
      recordType={asked}
      prefilled={kept}
      onRecordType={(recordType, typed) => {
        setKept(typed)
        setSearch((current) => {
          const next = new URLSearchParams(current)
          next.set('recordType', recordType.name)
          return next
        })
      }}
    />
  )
}

function prefilled(text: string | null): Values {
  if (text === null) return {}
  try {
    return JSON.parse(text) as Values
  } catch {
    return {}
  }
}
