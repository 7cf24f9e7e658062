// A user to make or to change: name, sign-in, language, role and permission sets.
import { useQuery } from '@tanstack/react-query'
import Input from 'antd/es/input'
import Select from 'antd/es/select'
import TreeSelect from 'antd/es/tree-select'
import { useTranslation } from 'react-i18next'
import { createUser, permissionSets, roles, updateUser } from '../api/setup'
import type { Language, SetupUser, UserDraft } from '../api/types'
import { useSession } from '../frame/session'
import { useReady } from '../frame/useReady'
import { FieldRow } from '../records/fields/FieldRow'
import { formatName } from '../records/names'
import { DraftDrawer } from './DraftDrawer'
import type { OneTimePassword } from './PasswordDialog'
import { roleTree } from './roleTree'
import { useDraft } from './useDraft'

interface UserFormProps {
  user: SetupUser | null
  onClose: () => void
  onSaved: (made: OneTimePassword | null) => void
}

const ZONES = [
  'Asia/Shanghai',
  'Asia/Hong_Kong',
  'Asia/Urumqi',
  'Asia/Singapore',
  'Asia/Tokyo',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Los_Angeles',
  'UTC',
]

export function UserForm({ user, onClose, onSaved }: UserFormProps) {
  const { t } = useTranslation()
  const ready = useReady()
  const { user: me } = useSession()
  const allRoles = useQuery({ queryKey: ['setup', 'roles'], queryFn: roles })
  const sets = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
  const draft = useDraft<UserDraft>({
    username: user?.username ?? '',
    last_name: '',
    first_name: '',
    email: user?.email ?? '',
    language: user?.language ?? me.language,
    time_zone: user?.time_zone ?? me.time_zone,
    role_id: user?.role?.id ?? null,
    permission_sets: user?.permission_sets ?? [],
    is_active: user?.is_active ?? true,
  })
  const { values, set, errorsOf } = draft

  async function save() {
    if (user) {
      // The list knows the whole name only: parts that were not typed stay as they are.
      const { last_name, first_name, is_active: _active, ...rest } = values
      const renamed = last_name.trim() === '' ? {} : { last_name: last_name.trim(), first_name: first_name.trim() }
      await updateUser(user.id, { ...rest, ...renamed })
      ready(t('form.saved'))
      onSaved(null)
      return
    }
    const { is_active: _active, ...made } = values
    const { password } = await createUser(made)
    onSaved({ name: formatName(values.last_name, values.first_name), username: values.username, password })
  }

  return (
    <DraftDrawer
      title={user ? t('user.edit', { name: user.name }) : t('user.new')}
      problems={draft.general}
      isBusy={draft.isBusy}
      onClose={onClose}
      onSubmit={() => void draft.submit(user ? ['username', 'email'] : ['last_name', 'username', 'email'], save)}
    >
      <div className="fields fields-2">
        <FieldRow id="user-last-name" label={t('user.lastName')} required={!user} errors={errorsOf('last_name')}>
          <Input
            id="user-last-name"
            autoFocus={!user}
            value={values.last_name}
            placeholder={user ? user.name : undefined}
            onChange={(event) => set('last_name', event.target.value)}
          />
        </FieldRow>
        <FieldRow id="user-first-name" label={t('user.firstName')} errors={errorsOf('first_name')}>
          <Input
            id="user-first-name"
            value={values.first_name}
            onChange={(event) => set('first_name', event.target.value)}
          />
        </FieldRow>
      </div>
      <FieldRow
        id="user-username"
        label={t('user.username')}
        required
        help={t('user.usernameHelp')}
        errors={errorsOf('username')}
      >
        <Input
          id="user-username"
          autoComplete="off"
          value={values.username}
          onChange={(event) => set('username', event.target.value)}
        />
      </FieldRow>
      <FieldRow id="user-email" label={t('user.email')} required errors={errorsOf('email')}>
        <Input
          id="user-email"
          type="email"
          autoComplete="off"
          value={values.email}
          onChange={(event) => set('email', event.target.value)}
        />
      </FieldRow>
      <div className="fields fields-2">
        <FieldRow id="user-language" label={t('frame.language')} errors={errorsOf('language')}>
          <Select
            id="user-language"
            value={values.language}
            options={[
              { value: 'zh_CN', label: '中文' },
              { value: 'en_US', label: 'English' },
            ]}
            onChange={(language: Language) => set('language', language)}
          />
        </FieldRow>
        <FieldRow id="user-zone" label={t('user.timeZone')} errors={errorsOf('time_zone')}>
          <Select
            id="user-zone"
            showSearch
            value={values.time_zone}
            options={[...new Set([values.time_zone, ...ZONES])].map((zone) => ({ value: zone, label: zone }))}
            onChange={(zone: string) => set('time_zone', zone)}
          />
        </FieldRow>
      </div>
      <FieldRow id="user-role" label={t('user.role')} errors={errorsOf('role_id')}>
        <TreeSelect
          id="user-role"
          className="fill"
          allowClear
          showSearch={{ treeNodeFilterProp: 'title' }}
          treeDefaultExpandAll
          value={values.role_id ?? undefined}
          treeData={roleTree(allRoles.data?.roles ?? [])}
          onChange={(role: string | undefined) => set('role_id', role ?? null)}
        />
      </FieldRow>
      <FieldRow id="user-permission-sets" label={t('user.permissionSets')} errors={errorsOf('permission_sets')}>
        <Select
          id="user-permission-sets"
          mode="multiple"
          className="fill"
          virtual={false}
          showSearch={{ optionFilterProp: 'label' }}
          value={values.permission_sets}
          options={(sets.data?.permission_sets ?? []).map((each) => ({ value: each.name, label: each.label }))}
          onChange={(names: string[]) => set('permission_sets', names)}
        />
      </FieldRow>
    </DraftDrawer>
  )
}
