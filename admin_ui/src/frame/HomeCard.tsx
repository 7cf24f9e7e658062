// The first of an object's default list that are mine.
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useDescribe } from '../api/queries'
import type { ObjectDescribe, Tab } from '../api/types'
import { CellValue } from '../records/list/CellValue'
import { RecordLink } from '../records/list/RecordLink'
import { useRecordList } from '../records/list/useRecordList'
import { listRequest, parseListState } from '../records/urlState'
import { MetadataIcon } from './MetadataIcon'
import { ErrorState, Lines } from './states'

const ROWS = 6
const COLUMNS = 3

export function HomeCard({ tab }: { tab: Tab }) {
  const describe = useDescribe(tab.name)
  const to = `/o/${tab.name}${describe.data?.has_owner ? '?owner=mine' : ''}`
  return (
    <section className="card home-card" aria-label={tab.label}>
      <header>
        <h2>
          <MetadataIcon name={tab.icon} /> <Link to={to}>{tab.label}</Link>
        </h2>
      </header>
      {describe.error ? (
        <ErrorState error={describe.error} onRetry={() => void describe.refetch()} />
      ) : describe.data === undefined ? (
        <Lines count={ROWS} />
      ) : (
        <Rows describe={describe.data} />
      )}
    </section>
  )
}

function Rows({ describe }: { describe: ObjectDescribe }) {
  const { t } = useTranslation()
  const request = useMemo(() => {
    const asViewed = listRequest(describe, parseListState(new URLSearchParams()), ROWS)
    const columns = [...new Set([describe.name_field, ...asViewed.columns])].slice(0, COLUMNS)
    return { ...asViewed, columns, owner: describe.has_owner ? ('mine' as const) : asViewed.owner }
  }, [describe])
  const rows = useRecordList(describe.name, request)
  const page = rows.data?.pages[0]
  if (rows.error) return <ErrorState error={rows.error} onRetry={() => void rows.refetch()} />
  if (page === undefined) return <Lines count={ROWS} />
  if (page.records.length === 0)
    return <p className="muted home-none">{t('home.none', { object: describe.plural_label })}</p>
  const [title, ...rest] = page.columns
  return (
    <ul>
      {page.records.map((record) => (
        <li key={record.id}>
          {title && <RecordLink column={title} record={record} describe={describe} />}
          <span className="home-values">
            {rest.map((column) => (
              <span key={column.path} className="ellipsis">
                <CellValue column={column} record={record} describe={describe} />
              </span>
            ))}
          </span>
        </li>
      ))}
    </ul>
  )
}
