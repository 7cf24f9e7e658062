import { expect, it } from 'vitest'
import { inputField, spaced } from './flowInputs'

it('reads the name of an input as words', () => {
  expect(['ReasonForReturn', 'New_Owner__c', 'Days'].map(spaced)).toEqual(['Reason for return', 'New owner', 'Days'])
})

it('asks for each kind of value with the control of its type, and for text where it knows better none', () => {
  const types = ['number', 'boolean', 'date', 'id'].map((type) => inputField({ name: 'X', type, label: null }).type)
  expect(types).toEqual(['number', 'checkbox', 'date', 'text'])
})

it('calls an input what the flow calls it', () => {
  const named = inputField({ name: 'Days', type: 'number', label: 'Days to wait' })
  const nameless = inputField({ name: 'WaitingDays', type: 'number', label: null })
  expect([named.label, nameless.label]).toEqual(['Days to wait', 'Waiting days'])
})
