// The list of an object's records: its whole state is the address.
import { useMemo } from 'react'
import { useParams, useSearchParams } from 'react-router'
import { useDescribe } from '../../api/queries'
import type { ObjectDescribe } from '../../api/types'
import { EmptyState, ErrorState, PageSkeleton } from '../../frame/states'
import { useTranslation } from 'react-i18next'
import { listRequest, parseListState, writeListState, type ListState } from '../urlState'
import { choosePath } from '../record/choosePath'
import { Kanban } from './Kanban'
import { ListHeader } from './ListHeader'
import { ListTable } from './ListTable'

const PAGE = 50

export function ListPage() {
  const { object } = useParams()
  const { t } = useTranslation()
  const describe = useDescribe(object)
  if (describe.error) return <ErrorState error={describe.error} onRetry={() => void describe.refetch()} />
  if (describe.data === undefined) return <PageSkeleton />
  if (!describe.data.permissions.read)
    return <EmptyState title={t('state.noPermission')} hint={t('state.refusedHint')} />
  return <RecordList key={object} describe={describe.data} />
}

function RecordList({ describe }: { describe: ObjectDescribe }) {
  const [search, setSearch] = useSearchParams()
  const state = useMemo(() => parseListState(search), [search])
  const request = useMemo(() => listRequest(describe, state, PAGE), [describe, state])
  const path =
    describe.paths.find((each) => each.name === state.path) ?? choosePath(describe, null) ?? describe.paths[0] ?? null

  function change(next: Partial<ListState>, replace = false) {
    setSearch(writeListState({ ...state, ...next }), { replace })
  }

  return (
    <div className="page list-page">
      <ListHeader describe={describe} state={state} request={request} path={path} onChange={change} />
      {state.display === 'kanban' && path !== null && path.field in describe.fields ? (
        <Kanban describe={describe} path={path} request={request} />
      ) : (
        <ListTable describe={describe} request={request} state={state} onChange={change} />
      )}
    </div>
  )
}
