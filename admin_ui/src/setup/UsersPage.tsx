// The users of the tenant: who they are, what they hold, and what an administrator can do for them.
import { KeyOutlined, MoreOutlined, PlusOutlined } from '@ant-design/icons'
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Dropdown from 'antd/es/dropdown'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { resetFactors, unlockUser } from '../api/security'
import { permissionSets, resetPassword, updateUser, users } from '../api/setup'
import type { SetupUser } from '../api/types'
import { DataTable, useActionsColumn, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay, useSession } from '../frame/session'
import { useDebounced } from '../frame/useDebounced'
import { useAsk } from '../frame/useAsk'
import { useErrorText } from '../frame/useErrorText'
import { SearchBox } from '../frame/SearchBox'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { tidyName } from '../records/names'
import { LoginAsDialog } from './security/LoginAsDialog'
import { PasswordDialog, type OneTimePassword } from './PasswordDialog'
import { UserForm } from './UserForm'

export function UsersPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const askBefore = useAsk()
  const errorText = useErrorText()
  const reader = useReader()
  const { user: me } = useSession()
  const mayLoginAs = useMay('LoginAs')
  const [loginAs, setLoginAs] = useState<{ id: string; name: string } | null>(null)
  const [search, setSearch] = useSearchParams()
  const q = search.get('q') ?? ''
  const sought = useDebounced(q, 250)
  const [form, setForm] = useState<'new' | SetupUser | null>(null)
  const [password, setPassword] = useState<OneTimePassword | null>(null)
  const page = useInfiniteQuery({
    queryKey: ['setup', 'users', sought],
    queryFn: ({ pageParam }) => users(sought, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
  const sets = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
  const labelOfSet = (name: string) => sets.data?.permission_sets.find((set) => set.name === name)?.label ?? name
  const refresh = () => client.invalidateQueries({ queryKey: ['setup', 'users'] })

  async function attempt(action: () => Promise<void>) {
    try {
      await action()
      await refresh()
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const ask = (title: string, content: string, okText: string, act: () => Promise<void>) =>
    askBefore({ title, content, okText, isDanger: false, act, then: refresh })

  async function unlock(user: SetupUser) {
    await attempt(() => unlockUser(user.id))
    message.success(t('security.unlocked'))
  }

  function actionsOf(user: SetupUser) {
    const name = tidyName(user.name)
    return [
      { key: 'edit', label: t('action.edit'), onClick: () => setForm(user) },
      {
        key: 'password',
        label: t('user.reset'),
        icon: <KeyOutlined aria-hidden />,
        onClick: () =>
          ask(t('user.resetTitle', { name }), t('user.resetText'), t('user.reset'), async () => {
            const answer = await resetPassword(user.id)
            setPassword({ name, username: user.username, password: answer.password })
          }),
      },
      ...(user.locked ? [{ key: 'unlock', label: t('security.unlock'), onClick: () => void unlock(user) }] : []),
      ...(user.factors > 0
        ? [
            {
              key: 'factors',
              label: t('security.resetFactors'),
              danger: true,
              onClick: () =>
                ask(
                  t('security.resetFactorsTitle', { name }),
                  t('security.resetFactorsText'),
                  t('security.resetFactors'),
                  () => resetFactors(user.id),
                ),
            },
          ]
        : []),
      ...(mayLoginAs && user.id !== me.id && user.is_active
        ? [{ key: 'login-as', label: t('security.loginAs'), onClick: () => setLoginAs({ id: user.id, name }) }]
        : []),
      ...(user.id === me.id
        ? []
        : [
            {
              key: 'active',
              label: user.is_active ? t('user.deactivate') : t('user.activate'),
              danger: user.is_active,
              onClick: () =>
                user.is_active
                  ? ask(t('user.deactivateTitle', { name }), t('user.deactivateText'), t('user.deactivate'), () =>
                      updateUser(user.id, { is_active: false }),
                    )
                  : void attempt(() => updateUser(user.id, { is_active: true })),
            },
          ]),
    ]
  }

  const columns: Column<SetupUser>[] = [
    {
      key: 'name',
      title: t('user.name'),
      cell: (user) => (
        <>
          <button type="button" className="link-button" onClick={() => setForm(user)}>
            {tidyName(user.name)}
          </button>
          <div className="muted small">{user.username}</div>
        </>
      ),
    },
    { key: 'role', title: t('user.role'), cell: (user) => user.role?.name ?? '—' },
    {
      key: 'sets',
      title: t('user.permissionSets'),
      cell: (user) => (
        <span className="tags">
          {user.permission_sets.map((name) => (
            <Tag key={name}>{labelOfSet(name)}</Tag>
          ))}
        </span>
      ),
    },
    { key: 'status', title: t('user.status'), cell: (user) => <UserStatus user={user} /> },
    {
      key: 'login',
      title: t('user.lastLogin'),
      className: 'tabular',
      cell: (user) =>
        user.last_login ? formatDateTime(user.last_login, reader.language, reader.timeZone) : t('user.never'),
    },
    useActionsColumn((user) => (
      <Dropdown trigger={['click']} placement="bottomRight" menu={{ items: actionsOf(user) }}>
        <Button
          type="text"
          size="small"
          icon={<MoreOutlined aria-hidden />}
          aria-label={t('user.actions', { name: tidyName(user.name) })}
        />
      </Dropdown>
    )),
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('setup.users')}
        actions={
          <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setForm('new')}>
            {t('user.new')}
          </Button>
        }
      />
      <SearchBox
        value={q}
        label={t('user.search')}
        onChange={(text) => setSearch(text === '' ? {} : { q: text }, { replace: true })}
      />
      <DataTable
        query={page}
        rows={page.data?.pages.flatMap((each) => each.users) ?? []}
        columns={columns}
        rowKey={(user) => user.id}
        empty={t('frame.nothingFound', { q: sought })}
      />
      {form !== null && (
        <UserForm
          user={form === 'new' ? null : form}
          onClose={() => setForm(null)}
          onSaved={(made) => {
            setForm(null)
            if (made) setPassword(made)
            void refresh()
          }}
        />
      )}
      {loginAs !== null && <LoginAsDialog user={loginAs} onClose={() => setLoginAs(null)} />}
      {password !== null && <PasswordDialog shown={password} onClose={() => setPassword(null)} />}
    </div>
  )
}

function UserStatus({ user }: { user: SetupUser }) {
  const { t } = useTranslation()
  if (user.locked) return <Tag color="orange">{t('user.locked')}</Tag>
  return user.is_active ? <Tag color="green">{t('user.active')}</Tag> : <Tag>{t('user.inactive')}</Tag>
}
