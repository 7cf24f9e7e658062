// System permissions and apps of a permission set.
import Checkbox from 'antd/es/checkbox'
import { useTranslation } from 'react-i18next'
import type { PermissionSetDraft } from '../api/types'
import { useSession } from '../frame/session'
import { SYSTEM_PERMISSIONS } from './permissions'

interface SystemRightsProps {
  draft: PermissionSetDraft
  onChange: ((draft: PermissionSetDraft) => void) | null
}

export function SystemRights({ draft, onChange }: SystemRightsProps) {
  const { t } = useTranslation()
  const { apps } = useSession()
  const labels = new Map(apps.map((app) => [app.name, app.label]))
  const names = [...new Set([...apps.map((app) => app.name), ...draft.apps])]
  const toggle = (list: string[], name: string, isOn: boolean) =>
    isOn ? [...list, name] : list.filter((each) => each !== name)

  return (
    <div className="stack">
      <section className="card rights" aria-label={t('permission.system')}>
        <h2>{t('permission.system')}</h2>
        {SYSTEM_PERMISSIONS.map((name) => (
          <Checkbox
            key={name}
            checked={draft.system.includes(name)}
            disabled={onChange === null}
            onChange={(event) => onChange?.({ ...draft, system: toggle(draft.system, name, event.target.checked) })}
          >
            {t(`permission.systems.${name}`)} <code className="muted small">{name}</code>
          </Checkbox>
        ))}
      </section>
      <section className="card rights" aria-label={t('permission.apps')}>
        <h2>{t('permission.apps')}</h2>
        {names.length === 0 && <p className="muted">{t('permission.noApps')}</p>}
        {names.map((name) => (
          <Checkbox
            key={name}
            checked={draft.apps.includes(name)}
            disabled={onChange === null}
            onChange={(event) => onChange?.({ ...draft, apps: toggle(draft.apps, name, event.target.checked) })}
          >
            {labels.get(name) ?? name}
          </Checkbox>
        ))}
      </section>
    </div>
  )
}
