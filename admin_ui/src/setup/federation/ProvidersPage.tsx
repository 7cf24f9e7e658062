// Identity providers: what there is, setting one up, who is linked, and whether passwords still open the door.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteProvider, identityProviders, type IdentityProvider } from '../../api/federation'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { PageHeader } from '../../frame/PageHeader'
import { useAsk } from '../../frame/useAsk'
import { ProviderForm } from './ProviderForm'
import { ProviderUsers } from './ProviderUsers'
import { SsoPolicyCard } from './SsoPolicyCard'

const PROVIDERS = ['setup', 'identity-providers']

export function ProvidersPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const ask = useAsk()
  const [edited, setEdited] = useState<IdentityProvider | 'oidc' | 'saml' | null>(null)
  const [watched, setWatched] = useState<IdentityProvider | null>(null)
  const all = useQuery({ queryKey: PROVIDERS, queryFn: identityProviders })
  const refresh = () => client.invalidateQueries({ queryKey: PROVIDERS })

  function askDelete(each: IdentityProvider) {
    ask({
      title: t('federation.deleteTitle', { name: each.label }),
      content: t('federation.deleteText'),
      okText: t('federation.deleteProvider'),
      act: () => deleteProvider(each.id),
      then: refresh,
    })
  }

  const columns: Column<IdentityProvider>[] = [
    {
      key: 'label',
      title: t('federation.label'),
      cell: (each) => (
        <>
          <button type="button" className="record-link" onClick={() => setEdited(each)}>
            {each.label}
          </button>{' '}
          {!each.is_active && <Tag>{t('federation.inactive')}</Tag>}
        </>
      ),
    },
    { key: 'kind', title: t('federation.kind'), cell: (each) => t(`federation.kinds.${each.kind}`) },
    { key: 'issuer', title: t('federation.issuer'), className: 'mono', cell: (each) => each.issuer ?? each.entity_id },
    {
      key: 'identities',
      title: t('federation.identities'),
      cell: (each) => (
        <Button
          size="small"
          type="link"
          aria-label={t('federation.identitiesOf', { name: each.label })}
          onClick={() => setWatched(each)}
        >
          {each.identities}
        </Button>
      ),
    },
    useActionsColumn((each) => (
      <Button size="small" danger aria-label={t('federation.deleteOf', { name: each.label })} onClick={() => askDelete(each)}>
        {t('federation.deleteProvider')}
      </Button>
    )),
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('federation.providers')}
        eyebrow={t('federation.providersLead')}
        actions={
          <>
            <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setEdited('oidc')}>
              {t('federation.newOidc')}
            </Button>
            <Button icon={<PlusOutlined aria-hidden />} onClick={() => setEdited('saml')}>
              {t('federation.newSaml')}
            </Button>
          </>
        }
      />
      <DataTable
        query={all}
        rows={all.data?.providers ?? []}
        columns={columns}
        rowKey={(each) => each.id}
        empty={t('federation.noProviders')}
        hint={t('federation.noProvidersHint')}
      />
      <SsoPolicyCard />
      {edited !== null && (
        <ProviderForm
          provider={typeof edited === 'string' ? null : edited}
          kind={typeof edited === 'string' ? edited : edited.kind}
          onClose={() => setEdited(null)}
          onSaved={() => {
            setEdited(null)
            void refresh()
          }}
        />
      )}
      {watched !== null && (
        <ProviderUsers
          provider={watched}
          onClose={() => {
            setWatched(null)
            void refresh()
          }}
        />
      )}
    </div>
  )
}
