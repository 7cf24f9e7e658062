// What was deleted and can still be brought back.
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useTranslation } from 'react-i18next'
import { DeleteOutlined, UndoOutlined } from '@ant-design/icons'
import { useNavigate } from 'react-router'
import { recycleBin, undelete } from '../api/endpoints'
import type { DeletedRecord } from '../api/types'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
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

  const columns: Column<DeletedRecord>[] = [
    { key: 'name', title: t('bin.name'), cell: (record) => tidyName(record.name) },
    { key: 'object', title: t('bin.object'), cell: (record) => record.object_label },
    {
      key: 'when',
      title: t('bin.when'),
      className: 'tabular',
      cell: (record) => formatDateTime(record.deleted_date, reader.language, reader.timeZone),
    },
    {
      key: 'who',
      title: t('bin.who'),
      cell: (record) => (record.deleted_by ? tidyName(record.deleted_by.name) : '—'),
    },
    useActionsColumn((record) => (
      <Button
        size="small"
        icon={<UndoOutlined aria-hidden />}
        aria-label={t('bin.restoreName', { name: tidyName(record.name) })}
        onClick={() => void restore(record)}
      >
        {t('bin.restore')}
      </Button>
    )),
  ]

  return (
    <div className="page">
      <PageHeader icon={<DeleteOutlined aria-hidden />} title={t('frame.recycleBin')} eyebrow={t('bin.lead')} />
      <DataTable
        query={bin}
        rows={bin.data?.pages.flatMap((page) => page.records) ?? []}
        columns={columns}
        rowKey={(record) => record.id}
        empty={t('bin.empty')}
        hint={t('bin.emptyHint')}
      />
    </div>
  )
}
