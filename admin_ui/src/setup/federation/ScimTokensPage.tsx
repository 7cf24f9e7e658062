// Tokens of directories that keep users and groups by SCIM: what there is, making one, revoking one.
import { useTranslation } from 'react-i18next'
import { revokeScimToken, scimTokens, type ScimToken } from '../../api/federation'
import type { Column } from '../../frame/DataTable'
import { useReader } from '../../records/fields/useReader'
import { formatDateTime } from '../../records/format'
import { KeysPage } from '../KeysPage'
import { ScimTokenForm } from './ScimTokenForm'

export function ScimTokensPage() {
  const { t } = useTranslation()
  const reader = useReader()
  const moment = (text: string | null) =>
    text === null ? t('federation.never') : formatDateTime(text, reader.language, reader.timeZone)

  const columns: Column<ScimToken>[] = [
    { key: 'label', title: t('federation.label'), cell: (each) => each.label },
    { key: 'sets', title: t('federation.permissionSets'), cell: (each) => each.permission_sets.join(', ') || '—' },
    { key: 'created', title: t('federation.created'), className: 'tabular', cell: (each) => moment(each.created) },
    { key: 'expires', title: t('federation.expires'), className: 'tabular', cell: (each) => moment(each.expires) },
    { key: 'used', title: t('federation.lastUsed'), className: 'tabular', cell: (each) => moment(each.last_used) },
  ]
  return (
    <KeysPage
      queryKey={['setup', 'scim-tokens']}
      list={scimTokens}
      rowsOf={(answer) => answer.tokens}
      columns={columns}
      revoke={revokeScimToken}
      form={ScimTokenForm}
      note={(answer) => (
        <p className="muted">
          {t('federation.scimAddress')} <code className="break">{answer.url}</code>
        </p>
      )}
      texts={{
        title: t('federation.scim'),
        lead: t('federation.scimLead'),
        make: t('federation.newToken'),
        none: t('federation.noTokens'),
        noneHint: t('federation.noTokensHint'),
        revoke: t('federation.revoke'),
        revokeOf: (name) => t('federation.revokeOf', { name }),
        revokeTitle: (name) => t('federation.revokeTitle', { name }),
        revokeText: t('federation.revokeTokenText'),
        secret: t('federation.token'),
        once: t('federation.tokenOnce'),
      }}
    />
  )
}
