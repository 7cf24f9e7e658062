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

export function PackagesPage() {
  const { t } = useTranslation()
  const all = useQuery({ queryKey: ['setup', 'packages'], queryFn: packages })
  const installed = (all.data?.packages ?? []).filter((each) => each.installed !== null)
  const available = (all.data?.packages ?? []).filter((each) => each.installed === null)
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
                      <PackageCard key={each.name} each={each} />
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

function PackageCard({ each }: { each: SetupPackage }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const errorText = useErrorText()
  const mayInstall = useMay('ManagePackages')
  const others = each.versions.filter((version) => version !== each.installed)
  const [version, setVersion] = useState(others[0])
  const [state, setState] = useState<'idle' | 'busy' | { milliseconds: number } | { error: string }>('idle')

  async function install() {
    if (version === undefined) return
    setState('busy')
    try {
      const { milliseconds } = await installPackage(each.name, version)
      setState({ milliseconds })
      await refreshDefinitions(client)
    } catch (error) {
      setState({ error: errorText(error) })
    }
  }

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
            ` · ${t('package.needs', { packages: Object.entries(each.depends_on).map(([name, range]) => `${name} ${range}`).join(', ') })}`}
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
              onClick={() => void install()}
            >
              {each.installed === null ? t('package.install') : t('package.change', { version })}
            </Button>
          </div>
        )}
        <div aria-live="polite">
          {state === 'busy' && (
            <>
              <Progress percent={100} status="active" showInfo={false} size="small" aria-label={t('package.installing')} />
              <span className="muted small">{t('package.installing')}</span>
            </>
          )}
          {typeof state === 'object' && 'milliseconds' in state && <span className="done">{t('package.done', { milliseconds: state.milliseconds })}</span>}
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
