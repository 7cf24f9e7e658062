// Inbound keys, with which partners send documents: what there is, making one, revoking one.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { inboundKeys, revokeInboundKey } from '../api/setup'
import type { InboundKey } from '../api/types'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useErrorText } from '../frame/useErrorText'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'
import { InboundKeyForm } from './InboundKeyForm'
import { SecretDialog } from './SecretDialog'

const KEYS = ['setup', 'inbound-keys']

export function InboundKeysPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { modal, message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const [isMaking, setMaking] = useState(false)
  const [made, setMade] = useState<{ label: string; key: string } | null>(null)
  const all = useQuery({ queryKey: KEYS, queryFn: inboundKeys })

  function askRevoke(each: InboundKey) {
    modal.confirm({
      title: t('inboundKey.revokeTitle', { name: each.label }),
      content: t('inboundKey.revokeText'),
      okText: t('inboundKey.revoke'),
      okButtonProps: { danger: true },
      cancelText: t('action.cancel'),
      onOk: async () => {
        try {
          await revokeInboundKey(each.id)
        } catch (error) {
          message.error(errorText(error))
        }
        await client.invalidateQueries({ queryKey: KEYS })
      },
    })
  }

  const columns: Column<InboundKey>[] = [
    { key: 'label', title: t('inboundKey.label'), cell: (each) => each.label },
    { key: 'id', title: t('inboundKey.id'), className: 'mono', cell: (each) => each.id },
    { key: 'runs', title: t('inboundKey.runsAs'), cell: (each) => <RunsAs user={each.run_as} /> },
    {
      key: 'created',
      title: t('inboundKey.created'),
      className: 'tabular',
      cell: (each) => formatDateTime(each.created, reader.language, reader.timeZone),
    },
    useActionsColumn((each) => (
      <Button
        size="small"
        danger
        aria-label={t('inboundKey.revokeOf', { name: each.label })}
        onClick={() => askRevoke(each)}
      >
        {t('inboundKey.revoke')}
      </Button>
    )),
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('inboundKey.title')}
        eyebrow={t('inboundKey.lead')}
        actions={
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
            {t('inboundKey.new')}
          </Button>
        }
      />
      <DataTable
        query={all}
        rows={all.data?.keys ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('inboundKey.none')}
        hint={t('inboundKey.noneHint')}
      />
      {isMaking && (
        <InboundKeyForm
          onClose={() => setMaking(false)}
          onMade={(label, key) => {
            setMaking(false)
            setMade({ label, key })
            void client.invalidateQueries({ queryKey: KEYS })
          }}
        />
      )}
      {made !== null && (
        <SecretDialog
          title={made.label}
          warning={t('inboundKey.once')}
          lines={[{ label: t('inboundKey.key'), value: made.key, toCopy: true, testId: 'secret' }]}
          onClose={() => setMade(null)}
        />
      )}
    </div>
  )
}

function RunsAs({ user }: { user: InboundKey['run_as'] }) {
  const { t } = useTranslation()
  return (
    <>
      {tidyName(user.name)} <span className="muted small">{user.username}</span>{' '}
      {!user.is_active && <Tag color="orange">{t('user.inactive')}</Tag>}
    </>
  )
}
