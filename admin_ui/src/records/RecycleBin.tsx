// What was deleted and can still be brought back.
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { DeleteOutlined, UndoOutlined } from '@ant-design/icons'
import { useNavigate } from 'react-router'
import { recycleBin, undelete } from '../api/endpoints'
import type { DeletedRecord } from '../api/types'
import { PageHeader } from '../frame/PageHeader'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from './fields/useReader'
import { formatDateTime } from './format'
import { tidyName } from './names'

export function RecycleBin() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const client = useQueryClient()
  const { notification, message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const bin = useInfiniteQuery({
    queryKey: ['recycle-bin'],
    queryFn: ({ pageParam }) => recycleBin(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  })
  const records = bin.data?.pages.flatMap((page) => page.records) ?? []

  async function restore(record: DeletedRecord) {
    try {
      await undelete(record.id)
    } catch (error) {
      message.error(errorText(error))
      return
    }
    void client.invalidateQueries({ queryKey: ['recycle-bin'] })
    void client.invalidateQueries({ queryKey: ['list', record.object] })
    const key = `restored-${record.id}`
    notification.success({
      key,
      title: t('bin.restored', { name: tidyName(record.name) }),
      actions: (
        <Button
          onClick={() => {
            notification.destroy(key)
            void navigate(`/r/${record.id}`)
          }}
        >
          {t('bin.open')}
        </Button>
      ),
    })
  }

  return (
    <div className="page">
      <PageHeader icon={<DeleteOutlined aria-hidden />} title={t('frame.recycleBin')} eyebrow={t('bin.lead')} />
      {bin.error ? (
        <ErrorState error={bin.error} onRetry={() => void bin.refetch()} />
      ) : bin.data === undefined ? (
        <Lines />
      ) : records.length === 0 ? (
        <EmptyState title={t('bin.empty')} />
      ) : (
        <div className="card scroll-x">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t('bin.name')}</th>
                <th scope="col">{t('bin.object')}</th>
                <th scope="col">{t('bin.when')}</th>
                <th scope="col">{t('bin.who')}</th>
                <th scope="col">
                  <span className="visually-hidden">{t('bin.restore')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {records.map((record) => (
                <tr key={record.id}>
                  <td>{tidyName(record.name)}</td>
                  <td>{record.object_label}</td>
                  <td className="tabular">{formatDateTime(record.deleted_date, reader.language, reader.timeZone)}</td>
                  <td>{record.deleted_by ? tidyName(record.deleted_by.name) : '—'}</td>
                  <td className="cell-actions">
                    <Button
                      size="small"
                      icon={<UndoOutlined aria-hidden />}
                      aria-label={t('bin.restoreName', { name: tidyName(record.name) })}
                      onClick={() => void restore(record)}
                    >
                      {t('bin.restore')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {bin.hasNextPage && (
        <Button type="link" loading={bin.isFetchingNextPage} onClick={() => void bin.fetchNextPage()}>
          {t('action.showMore')}
        </Button>
      )}
    </div>
  )
}
