// Let a user, a role (with those below it, where wanted) or another group into a group.
import { useQuery } from '@tanstack/react-query'
import Alert from 'antd/es/alert'
import Button from 'antd/es/button'
import Segmented from 'antd/es/segmented'
import Select from 'antd/es/select'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { roles } from '../api/setup'
import { addMember, groups, type GroupDetail } from '../api/sharing'
import { PersonPicker } from '../audit/PersonPicker'
import { useErrorText } from '../frame/useErrorText'
import { GROUPS } from './groups'

const KINDS = ['User', 'Role', 'RoleAndBelow', 'Group'] as const
type Kind = (typeof KINDS)[number]

export function AddMember({ group, onAdded }: { group: GroupDetail; onAdded: () => Promise<void> }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [kind, setKind] = useState<Kind>('User')
  const [member, setMember] = useState<string | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)

  function choose(next: Kind) {
    const isSameList = kind.startsWith('Role') && next.startsWith('Role')
    setKind(next)
    if (!isSameList) setMember(null)
  }

  async function add() {
    if (member === null) return
    setBusy(true)
    setRefusal(null)
    try {
      await addMember(group.id, member, kind === 'RoleAndBelow')
      setMember(null)
      await onAdded()
    } catch (error) {
      setRefusal(errorText(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <div className="stack">
      <div className="toolbar">
        <Segmented<Kind>
          className="member-kind"
          aria-label={t('group.kind')}
          value={kind}
          options={KINDS.map((value) => ({ value, label: t(`group.kinds.${value}`) }))}
          onChange={choose}
        />
        {kind === 'User' ? (
          <PersonPicker key={group.members.length} value={member} onChange={setMember} />
        ) : (
          <Choice key={kind} kind={kind} group={group} value={member} onChange={setMember} />
        )}
        <Button type="primary" disabled={member === null} loading={isBusy} onClick={() => void add()}>
          {t('group.add')}
        </Button>
      </div>
      {refusal !== null && <Alert type="error" showIcon role="alert" title={refusal} />}
    </div>
  )
}

interface ChoiceProps {
  kind: Kind
  group: GroupDetail
  value: string | null
  onChange: (id: string | null) => void
}

function Choice({ kind, group, value, onChange }: ChoiceProps) {
  const { t } = useTranslation()
  const ofGroups = kind === 'Group'
  const allRoles = useQuery({ queryKey: ['setup', 'roles'], queryFn: roles, enabled: !ofGroups })
  const allGroups = useQuery({ queryKey: GROUPS, queryFn: groups, enabled: ofGroups })
  const found = ofGroups
    ? (allGroups.data?.groups ?? []).filter((each) => each.id !== group.id)
    : (allRoles.data?.roles ?? [])
  return (
    <Select
      className="setup-search"
      aria-label={ofGroups ? t('group.kinds.Group') : t('group.kinds.Role')}
      placeholder={ofGroups ? t('group.kinds.Group') : t('group.kinds.Role')}
      allowClear
      virtual={false}
      showSearch={{ optionFilterProp: 'label' }}
      value={value ?? undefined}
      loading={ofGroups ? allGroups.isPending : allRoles.isPending}
      options={found.map((each) => ({ value: each.id, label: each.label }))}
      onChange={(id: string | undefined) => onChange(id ?? null)}
    />
  )
}
