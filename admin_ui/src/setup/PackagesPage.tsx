// Packages: what is installed, what is there to install.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Progress from 'antd/es/progress'
import Select from 'antd/es/select'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { installPackage, packages } from '../api/setup'
import type { SetupPackage } from '../api/types'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { useErrorText } from '../frame/useErrorText'
import { refreshDefinitions } from './refreshDefinitions'

type InstallState = 'idle' | 'busy' | { milliseconds: number } | { error: string }

export function PackagesPage() {
  const { t } = useTranslation()
  const client = useQueryClient()
  const errorText = useErrorText()
  // Kept here and not in the card: an installed package moves to the other list, and what was said must go along.
  const [states, setStates] = useState<Record<string, InstallState>>({})
  const all = useQuery({ queryKey: ['setup', 'packages'], queryFn: packages })
  const installed = (all.data?.packages ?? []).filter((each) => each.installed !== null)
  const available = (all.data?.packages ?? []).filter((each) => each.installed === null)

  async function install(name: string, version: string) {
    const say = (state: InstallState) => setStates((current) => ({ ...current, [name]: state }))
    say('busy')
    try {
      say(await installPackage(name, version))
      await refreshDefinitions(client)
    } catch (error) {
      say({ error: errorText(error) })
    }
  }

  return (
    <div className="page">
      <PageHeader title={t('setup.packages')} eyebrow={t('package.lead')} />
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : all.data.packages.length === 0 ? (
        <EmptyState title={t('package.none')} />
      ) : (
        <>
          {[
            { title: t('package.available'), list: available },
            { title: t('package.installed'), list: installed },
          ].map(
            ({ title, list }) =>
              list.length > 0 && (
                <section key={title} aria-label={title}>
                  <h2 className="section-title">{title}</h2>
                  <div className="packages">
                    {list.map((each) => (
                      <PackageCard
                        key={each.name}
                        each={each}
                        state={states[each.name] ?? 'idle'}
                        onInstall={(version) => void install(each.name, version)}
                      />
                    ))}
                  </div>
                </section>
              ),
          )}
        </>
      )}
    </div>
  )
}

interface PackageCardProps {
  each: SetupPackage
  state: InstallState
  onInstall: (version: string) => void
}

function PackageCard({ each, state, onInstall }: PackageCardProps) {
  const { t } = useTranslation()
  const mayInstall = useMay('ManagePackages')
  const others = each.versions.filter((version) => version !== each.installed)
  const [chosen, setVersion] = useState<string | null>(null)
  const version = chosen !== null && others.includes(chosen) ? chosen : others[0]

  return (
    <article className="card package" aria-label={each.label}>
      <header>
        <h3>{each.label}</h3>
        {each.installed !== null && <Tag color="green">{t('package.version', { version: each.installed })}</Tag>}
      </header>
      <div className="package-body">
        {each.description && <p>{each.description}</p>}
        <p className="muted small">
          <code>{each.name}</code> · {each.publisher} · {t('package.objects', { count: each.objects })}
          {Object.keys(each.depends_on).length > 0 &&
            ` · ${t('package.needs', {
              packages: Object.entries(each.depends_on)
                .map(([name, range]) => `${name} ${range}`)
                .join(', '),
            })}`}
        </p>
        {mayInstall && others.length > 0 && (
          <div className="row">
            {others.length > 1 && (
              <Select
                aria-label={t('package.whichVersion', { package: each.label })}
                value={version}
                options={others.map((other) => ({ value: other, label: other }))}
                onChange={setVersion}
              />
            )}
            <Button
              type={each.installed === null ? 'primary' : 'default'}
              loading={state === 'busy'}
              aria-label={t('package.installName', { package: each.label, version })}
              onClick={() => version !== undefined && onInstall(version)}
            >
              {each.installed === null ? t('package.install') : t('package.change', { version })}
            </Button>
          </div>
        )}
        <div aria-live="polite">
          {state === 'busy' && (
            <>
              <Progress
                percent={100}
                status="active"
                showInfo={false}
                size="small"
                aria-label={t('package.installing')}
              />
              <span className="muted small">{t('package.installing')}</span>
            </>
          )}
          {typeof state === 'object' && 'milliseconds' in state && (
            <span className="done">{t('package.done', { milliseconds: state.milliseconds })}</span>
          )}
          {typeof state === 'object' && 'error' in state && (
            <span className="field-error" role="alert">
              {state.error}
            </span>
          )}
        </div>
      </div>
    </article>
  )
}
