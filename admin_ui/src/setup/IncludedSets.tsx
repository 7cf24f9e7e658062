// A group of permission sets: the sets in it, and what the group takes from what they grant.
import { useQueries, useQuery } from '@tanstack/react-query'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { permissionSet, permissionSets } from '../api/setup'
import type { Muting, PermissionSet, PermissionSetDraft } from '../api/types'
import { ErrorState } from '../frame/states'
import { FieldRow } from '../records/fields/FieldRow'
import { MutedRights } from './MutedRights'
import { grantedRights, tidyMuting } from './permissions'

interface IncludedSetsProps {
  name: string
  draft: PermissionSetDraft
  onChange: ((draft: PermissionSetDraft) => void) | null
}

export function IncludedSets({ name, draft, onChange }: IncludedSetsProps) {
  const { t } = useTranslation()
  const included = draft.includes ?? []
  const muting = draft.muting ?? {}
  const all = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
  const opened = useQueries({
    queries: included.map((each) => ({
      queryKey: ['setup', 'permission-sets', each],
      queryFn: () => permissionSet(each),
    })),
  })
  const sets = opened.flatMap((query): PermissionSet[] => (query.data ? [query.data] : []))
  const labels = new Map((all.data?.permission_sets ?? []).map((set) => [set.name, set.label]))
  // A group is in no group.
  const choices = (all.data?.permission_sets ?? []).filter((set) => set.name !== name && set.includes.length === 0)
  const permissions = [...new Set(sets.flatMap((set) => [...set.system, ...(set.custom_permissions ?? [])]))].sort()
  const fields = [...new Set(sets.flatMap((set) => Object.keys(set.fields)))].sort()
  const mute = (part: Muting) => onChange?.({ ...draft, muting: tidyMuting({ ...muting, ...part }) })

  if (all.error) return <ErrorState error={all.error} onRetry={() => void all.refetch()} />
  return (
    <div className="stack">
      <p className="muted">{t('permission.groupLead')}</p>
      <FieldRow id="included-sets" label={t('permission.includes')}>
        <Select
          id="included-sets"
          mode="multiple"
          className="fill"
          disabled={onChange === null}
          virtual={false}
          value={included}
          placeholder={t('permission.includesNone')}
          showSearch={{ optionFilterProp: 'label' }}
          options={choices.map((set) => ({ value: set.name, label: set.label }))}
          labelRender={({ value }) => labels.get(String(value)) ?? value}
          onChange={(names: string[]) =>
            onChange?.({
              ...draft,
              includes: names.length > 0 ? names : undefined,
              muting: names.length > 0 ? draft.muting : undefined,
            })
          }
        />
      </FieldRow>
      {included.length > 0 && (
        <>
          <h2>{t('permission.muted')}</h2>
          <FieldRow id="muted-permissions" label={t('permission.mutedPermissions')}>
            <Select
              id="muted-permissions"
              mode="multiple"
              className="fill"
              disabled={onChange === null}
              virtual={false}
              value={muting.permissions ?? []}
              placeholder={t('permission.mutedNone')}
              options={permissions.map((value) => ({ value, label: value }))}
              onChange={(names: string[]) => mute({ permissions: names })}
            />
          </FieldRow>
          {(['read', 'edit'] as const).map((taken) => (
            <FieldRow key={taken} id={`muted-${taken}`} label={t(`permission.mutedFields.${taken}`)}>
              <Select
                id={`muted-${taken}`}
                mode="tags"
                className="fill"
                disabled={onChange === null}
                value={Object.entries(muting.fields ?? {}).flatMap(([field, how]) => (how === taken ? [field] : []))}
                placeholder={t('permission.mutedFieldsExample')}
                options={fields.map((value) => ({ value, label: value }))}
                onChange={(names: string[]) => mute({ fields: withFields(muting, taken, names) })}
              />
            </FieldRow>
          ))}
          <MutedRights
            granted={grantedRights(sets)}
            taken={muting.objects ?? {}}
            onChange={onChange && ((objects) => mute({ objects }))}
          />
        </>
      )}
    </div>
  )
}

/** The fields muted in one way become these; those muted in the other stay. */
function withFields(muting: Muting, taken: 'read' | 'edit', names: string[]): NonNullable<Muting['fields']> {
  const others = Object.entries(muting.fields ?? {}).filter(([field, how]) => how !== taken && !names.includes(field))
  return Object.fromEntries([...others, ...names.map((name): [string, 'read' | 'edit'] => [name.trim(), taken])])
}
