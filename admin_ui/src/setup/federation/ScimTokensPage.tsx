// Tokens of directories that keep users and groups by SCIM: what there is, making one, revoking one.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { revokeScimToken, scimTokens, type ScimToken } from '../../api/federation'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { PageHeader } from '../../frame/PageHeader'
import { useErrorText } from '../../frame/useErrorText'
import { useReader } from '../../records/fields/useReader'
import { formatDateTime } from '../../records/format'
import { SecretDialog } from '../SecretDialog'
import { ScimTokenForm } from './ScimTokenForm'

const TOKENS = ['setup', 'scim-tokens']

export function ScimTokensPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { modal, message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const [isMaking, setMaking] = useState(false)
  const [made, setMade] = useState<{ label: string; token: string } | null>(null)
  const all = useQuery({ queryKey: TOKENS, queryFn: scimTokens })
  const refresh = () => client.invalidateQueries({ queryKey: TOKENS })
  const moment = (text: string | null) =>
    text === null ? t('federation.never') : formatDateTime(text, reader.language, reader.timeZone)

  function askRevoke(each: ScimToken) {
    modal.confirm({
      title: t('federation.revokeTitle', { name: each.label }),
      content: t('federation.revokeTokenText'),
      okText: t('federation.revoke'),
      okButtonProps: { danger: true },
      cancelText: t('action.cancel'),
      onOk: async () => {
        try {
          await revokeScimToken(each.id)
        } catch (error) {
          message.error(errorText(error))
        }
        await refresh()
      },
    })
  }

  const columns: Column<ScimToken>[] = [
    { key: 'label', title: t('federation.label'), cell: (each) => each.label },
    { key: 'sets', title: t('federation.permissionSets'), cell: (each) => each.permission_sets.join(', ') || '—' },
    { key: 'created', title: t('federation.created'), className: 'tabular', cell: (each) => moment(each.created) },
    { key: 'expires', title: t('federation.expires'), className: 'tabular', cell: (each) => moment(each.expires) },
    { key: 'used', title: t('federation.lastUsed'), className: 'tabular', cell: (each) => moment(each.last_used) },
    useActionsColumn((each) => (
      <Button size="small" danger aria-label={t('federation.revokeOf', { name: each.label })} onClick={() => askRevoke(each)}>
        {t('federation.revoke')}
      </Button>
    )),
  ]
  return (
    <div className="page">
      <PageHeader
        title={t('federation.scim')}
        eyebrow={t('federation.scimLead')}
        actions={
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
            {t('federation.newToken')}
          </Button>
        }
      />
      {all.data && (
        <p className="muted">
          {t('federation.scimAddress')} <code className="break">{all.data.url}</code>
        </p>
      )}
      <DataTable
        query={all}
        rows={all.data?.tokens ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('federation.noTokens')}
        hint={t('federation.noTokensHint')}
      />
      {isMaking && (
        <ScimTokenForm
          onClose={() => setMaking(false)}
          onMade={(label, token) => {
            setMaking(false)
            setMade({ label, token })
            void refresh()
          }}
        />
      )}
      {made !== null && (
        <SecretDialog
          title={made.label}
          warning={t('federation.tokenOnce')}
          lines={[{ label: t('federation.token'), value: made.token, toCopy: true, testId: 'secret' }]}
          onClose={() => setMade(null)}
        />
      )}
    </div>
  )
}
