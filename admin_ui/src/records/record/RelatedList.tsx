// The records that point at this one: the first few, more on demand, and "New" with this record already filled in.
import { PlusOutlined } from '@ant-design/icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { related } from '../../api/endpoints'
import { useDescribe } from '../../api/queries'
import type { RecordAnswer } from '../../api/types'
import { MetadataIcon } from '../../frame/MetadataIcon'
import { ErrorState, Lines } from '../../frame/states'
import { useInSight } from '../../frame/useInSight'
import { isNumeric } from '../format'
import { CellValue } from '../list/CellValue'
import type { RelatedListHead } from './relatedLists'

const FIRST = 6
const MORE = 50

export function RelatedList({ record, list }: { record: RecordAnswer; list: RelatedListHead }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [sight, isInSight] = useInSight()
  const describe = useDescribe(isInSight ? list.object : undefined)
  const rows = useInfiniteQuery({
    queryKey: ['related', record.id, list.relationship],
    queryFn: ({ pageParam }) => related(record.id, list.relationship, pageParam === null ? FIRST : MORE, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: isInSight,
  })
  const columns = rows.data?.pages[0]?.columns ?? []
  const records = rows.data?.pages.flatMap((page) => page.records) ?? []
  const nameField = describe.data?.name_field ?? 'Name'
  const label = list.label

  return (
    <section ref={sight} className="related-list" aria-label={label}>
      <header>
        <h2>
          <MetadataIcon name={describe.data?.icon} /> {label}
          {rows.data && (
            <span className="muted">
              {' '}
              {records.length}
              {rows.hasNextPage ? '+' : ''}
            </span>
          )}
        </h2>
        {describe.data?.permissions.create && (
          <Button
            size="small"
            icon={<PlusOutlined aria-hidden />}
            aria-label={t('record.newRelated', { object: describe.data.label })}
            onClick={() =>
              void navigate(
                `/o/${list.object}/new?values=${encodeURIComponent(JSON.stringify({ [list.field]: record.id }))}`,
              )
            }
          >
            {t('action.new')}
          </Button>
        )}
      </header>
      {rows.error ? (
        <ErrorState error={rows.error} onRetry={() => void rows.refetch()} />
      ) : rows.data === undefined || describe.data === undefined ? (
        <Lines count={3} />
      ) : records.length === 0 ? (
        <p className="muted related-none">{t('record.noRelated')}</p>
      ) : (
        <div className="scroll-x">
          <table className="plain-table">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.path} scope="col" className={isNumeric(column.type) ? 'numeric' : undefined}>
                    {column.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {records.map((each) => (
                <tr key={each.id}>
                  {columns.map((column, index) => (
                    <td key={column.path} className={isNumeric(column.type) ? 'numeric' : undefined}>
                      {column.path === nameField ||
                      (index === 0 && !columns.some((other) => other.path === nameField)) ? (
                        <Link to={`/r/${each.id}`}>{String(each.values[column.path] ?? each.id)}</Link>
                      ) : (
                        <CellValue column={column} record={each} describe={describe.data} />
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.hasNextPage && (
        <Button type="link" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
          {t('action.showMore')}
        </Button>
      )}
    </section>
  )
}
