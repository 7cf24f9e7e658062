// The fields of one object: read, edit, none, or as the star says.
import { useQuery } from '@tanstack/react-query'
import Segmented from 'antd/es/segmented'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { objectDetail, objects } from '../api/setup'
import type { FieldRight, PermissionSetDraft } from '../api/types'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { setFieldRight } from './permissions'

interface FieldRightsProps {
  draft: PermissionSetDraft
  onChange: ((draft: PermissionSetDraft) => void) | null
}

type Choice = FieldRight | 'star'

export function FieldRights({ draft, onChange }: FieldRightsProps) {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects })
  const granted = (all.data?.objects ?? []).filter((object) => object.name in draft.objects)
  const name = search.get('object') ?? granted[0]?.name ?? null
  const detail = useQuery({
    queryKey: ['setup', 'objects', name],
    queryFn: () => objectDetail(name ?? ''),
    enabled: name !== null,
  })
  if (all.error) return <ErrorState error={all.error} onRetry={() => void all.refetch()} />
  if (all.data === undefined) return <Lines />
  if (name === null) return <EmptyState title={t('permission.noObjects')} hint={t('permission.noObjectsHint')} />

  const choices: { value: Choice; label: string }[] = (['star', 'none', 'read', 'edit'] as const).map((value) => ({
    value,
    label: t(`permission.fieldRights.${value}`),
  }))
  const star = draft.fields[`${name}.*`]
  const fields = Object.values(detail.data?.fields ?? {}).filter((field) => !field.system)

  function choose(field: string, choice: Choice) {
    if (name !== null) onChange?.(setFieldRight(draft, name, field, choice === 'star' ? null : choice))
  }

  return (
    <div className="stack">
      <div className="toolbar">
        <Select
          className="setup-search"
          aria-label={t('permission.object')}
          showSearch={{ optionFilterProp: 'label' }}
          value={name}
          options={granted.map((object) => ({ value: object.name, label: object.label }))}
          onChange={(object: string) => setSearch({ tab: 'fields', object }, { replace: true })}
        />
        <span>{t('permission.star')}</span>
        <Segmented<Choice>
          aria-label={t('permission.star')}
          disabled={onChange === null}
          value={star ?? 'star'}
          options={[
            { value: 'star', label: t('permission.starNone') },
            { value: 'read', label: t('permission.fieldRights.read') },
            { value: 'edit', label: t('permission.fieldRights.edit') },
          ]}
          onChange={(choice) => choose('*', choice)}
        />
      </div>
      {detail.error ? (
        <ErrorState error={detail.error} onRetry={() => void detail.refetch()} />
      ) : detail.data === undefined ? (
        <Lines />
      ) : (
        <div className="card matrix" tabIndex={0}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t('field.label')}</th>
                <th scope="col">{t('field.name')}</th>
                <th scope="col">{t('permission.right')}</th>
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <tr key={field.name}>
                  <th scope="row">{field.label}</th>
                  <td className="mono">{field.name}</td>
                  <td>
                    {field.required ? (
                      <span className="muted">{t('permission.always')}</span>
                    ) : (
                      <Segmented<Choice>
                        size="small"
                        aria-label={field.label}
                        disabled={onChange === null}
                        value={draft.fields[`${name}.${field.name}`] ?? 'star'}
                        options={choices}
                        onChange={(choice) => choose(field.name, choice)}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  )
}
